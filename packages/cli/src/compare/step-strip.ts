import type { Report } from "@skipstep/core";
import { type Html, html } from "../page/html";
import { plotWidth } from "../page/plot";
import type { StepScale } from "../page/scale";
import { fillOf, verdictOf } from "../page/step-mark";

type PluginReport = Report["plugins"][number];
type RegionReport = PluginReport["regions"][number];

/** Pixels. */
const height = 16;

/** Rows of cells, one a step, in line with the charts' steps. */
export function stepStrips({ regions }: PluginReport, steps: StepScale, colour: string): Html[] {
  return grouped(regions).map((group) => {
    const { reused } = group[0]!;
    const text = `${groupText(group)}: ${new Set(reused).size} of ${steps.count} steps reused`;
    return html`<p class="soft">${text}</p>
${strip(group[0]!, steps, colour, text)}`;
  });
}

/** Regions that did the same at every step, together. */
function grouped(regions: readonly RegionReport[]): RegionReport[][] {
  const groups = new Map<string, RegionReport[]>();
  for (const region of regions) {
    const key = `${region.computed.join()};${region.reused.join()}`;
    groups.set(key, [...(groups.get(key) ?? []), region]);
  }
  return [...groups.values()];
}

function groupText([first, ...others]: readonly RegionReport[]): string {
  const { name, from, to } = first!;
  if (others.length > 0) return `${others.length + 1} regions, ${name} to ${others.at(-1)!.name}`;
  const range = from === to ? from : `${from} to ${to}`;
  return range === name ? name : `${name} (${range})`;
}

function strip({ computed, reused }: RegionReport, steps: StepScale, colour: string, text: string): Html {
  const gap = Math.min(3, steps.cell / 4);
  const cells = Array.from({ length: steps.count }, (_, step) => {
    const verdict = verdictOf(computed.includes(step), reused.includes(step));
    const x = steps.place(step + 1) - steps.cell / 2 + gap / 2;
    return html`<rect class="step ${verdict}" x="${x.toFixed(2)}" y="1" width="${(steps.cell - gap).toFixed(2)}" height="${height - 2}" rx="1.5" stroke="${verdict === "not run" ? "var(--line)" : colour}" fill="${fillOf(verdict, colour)}"><title>step ${step + 1}: ${verdict}</title></rect>`;
  });
  return html`<svg class="plot" viewBox="0 0 ${plotWidth} ${height}" width="${plotWidth}" height="${height}" role="img" aria-label="${text}">${cells}</svg>`;
}
