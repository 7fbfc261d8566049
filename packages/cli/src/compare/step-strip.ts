import type { Report } from "@skipstep/core";
import { type Html, html } from "../page/html";

type PluginReport = Report["plugins"][number];
type RegionReport = PluginReport["regions"][number];

/** Pixels. */
const widest = 34;
const height = 16;

/** Rows of cells, one a step: full where a plugin computed its region, empty where it reused it. */
export function stepStrips({ regions }: PluginReport, steps: number, colour: string): Html[] {
  return grouped(regions).map((group) => {
    const { reused } = group[0]!;
    return html`<p class="soft">${groupText(group)}: ${new Set(reused).size} of ${steps} steps reused</p>
${strip(group[0]!, steps, colour)}`;
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

function strip({ computed, reused }: RegionReport, steps: number, colour: string): Html {
  const width = Math.min(widest, 720 / Math.max(1, steps));
  const cells = Array.from({ length: steps }, (_, step) => {
    const [isComputed, isReused] = [computed.includes(step), reused.includes(step)];
    // With separate guidance each branch has an answer of its own.
    const verdict = isComputed && isReused ? "mixed" : isReused ? "reused" : isComputed ? "computed" : "not run";
    const fill = isComputed ? colour : "var(--line)";
    return html`<rect class="step ${verdict}" x="${step * width}" y="0" width="${width}" height="${height}" fill="${fill}"><title>step ${step + 1}: ${verdict}</title></rect>`;
  });
  return html`<svg viewBox="0 0 ${steps * width} ${height}" width="${steps * width}" height="${height}" role="img" aria-label="computed and reused steps">${cells}</svg>`;
}
