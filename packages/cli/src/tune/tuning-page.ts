import type { CheckedConfig } from "@skipstep/core";
import { configSections, versionSection } from "../page/config-sections";
import { type Cell, csv } from "../page/csv";
import { htmlDocument, wide } from "../page/document";
import { downloads } from "../page/downloads";
import { type Html, html } from "../page/html";
import { lens } from "../page/lens";
import { frame } from "../page/picture";
import { plot } from "../page/plot";
import type { Scale } from "../page/scale";
import { seriesColours } from "../page/style";
import { qualityLine, qualityTexts, timesText } from "../quality/texts";
import { type Motif, motifText } from "../render/motif";
import { unsteadyWarnings } from "../render/unsteady";
import type { Evidence } from "./arena";
import { frontOf } from "./front";
import { settingText } from "./setting";
import type { Trial } from "./trial";
import { beatenText, percent, type Tuning, tuningDocument } from "./tuning-result";

const [frontColour, otherColour] = [seriesColours[0]!, "var(--soft)"];

/** What the page shows besides the numbers. */
export interface Shown extends Evidence {
  /** The config's. */
  readonly name: string;
  readonly motifs: readonly Motif[];
  /** Pixels of the images. */
  readonly width: number;
  readonly height: number;
  /** The config that was given, and the one that was found. */
  readonly configs: readonly { readonly name: string; readonly config: CheckedConfig }[];
}

/** Every setting that was measured, as one page that needs no other file. */
export function tuningPage(tuning: Tuning, chosen: Trial | undefined, shown: Shown): string {
  const { knobs, target, trials } = tuning;
  const outcome = chosen
    ? html`Chosen: <strong>${settingText(knobs, chosen.position)}</strong>`
    : html`<strong>No setting reached it.</strong>`;
  const told = [
    ...unsteadyWarnings(trials.flatMap(({ plainSeconds }) => plainSeconds)),
    ...[chosen && beatenText(tuning, chosen)].filter((text) => text !== undefined),
    ...(frontOf(trials).length > 0 ? [] : ["By its times, no setting is faster than the config without plugins."]),
  ];
  return htmlDocument(
    `${shown.name}, tuned for ${target.text}`,
    html`<p>${outcome}</p>
${told.map((text) => html`<p>${text}</p>`)}
${wide("Settings by speed and closeness", frontChart(tuning, chosen))}
<p class="soft">Each dot is a setting. Joined ones are the front: no other setting, and not the config without plugins (1.00 x, equal), is both faster and closer to the plain images. Both by what the axes show. PSNR: mean over images of the pixels in bytes, against the config without plugins. Speed-up of the denoiser by its time: median over images, each against its plain image drawn right before or after. Settings that change no pixel are in the table only.</p>
${trialTable(trials, tuning, chosen)}
${downloads([
  { name: "settings.csv", type: "text/csv", content: trialCsv(tuning, chosen) },
  { name: "tune.json", type: "application/json", content: JSON.stringify(tuningDocument(tuning, chosen), null, 2) },
])}
${lens(false)}
${shown.motifs.map((motif, i) => motifSection(tuning, chosen, shown, motif, i))}
${configSections(shown.configs)}
${versionSection([shown.versions])}`,
  );
}

/** What every setting drew of a motif, careful ones first. */
function motifSection(
  { trials, knobs }: Tuning,
  chosen: Trial | undefined,
  { plain, width, height }: Shown,
  motif: Motif,
  i: number,
): Html {
  const text = motifText(motif);
  const shown = (address: string | undefined, caption: string, more: Html | string): Html =>
    address === undefined
      ? html``
      : html`<figure>${frame({ address, width, height, alt: `${text}: ${caption}` }, "picture")}
<figcaption>${caption}${more}</figcaption></figure>`;
  return html`<h2>${text}</h2>
<div class="images">${shown(plain[i], "without plugins", "")}${[...trials]
    .sort(byBoldness)
    .map((trial) =>
      shown(
        trial.pictures[i],
        settingText(knobs, trial.position),
        html`${trial === chosen ? html` <strong>(chosen)</strong>` : ""}<br>${qualityLine(trial.qualities[i]!)}<br>${timesText(trial.speedups[i]!.denoiser)} denoiser`,
      ),
    )}</div>`;
}

function frontChart({ trials, knobs, target }: Tuning, chosen: Trial | undefined): Html {
  const shown = trials.filter(({ quality }) => Number.isFinite(quality.psnr));
  const front = frontOf(trials).filter((trial) => shown.includes(trial));
  const { axis, value = Number.NaN } = target.line ?? {};
  const x = ({ speedup }: Trial): number => speedup.denoiser;
  const y = ({ quality }: Trial): number => quality.psnr;
  const dot = (trial: Trial, xs: Scale, ys: Scale): Html => {
    const [cx, cy] = [xs.place(x(trial)), ys.place(y(trial))];
    const text = `${settingText(knobs, trial.position)}: ${qualityTexts(trial.quality)[0]}, ${timesText(x(trial))}`;
    const ring = trial === chosen ? html`<circle class="ring" cx="${cx}" cy="${cy}" r="9"/>` : "";
    return html`${ring}<circle cx="${cx}" cy="${cy}" r="4.5" fill="${front.includes(trial) ? frontColour : otherColour}"><title>${text}</title></circle>`;
  };
  return plot({
    xTitle: "denoiser, times faster",
    yTitle: "PSNR, dB",
    x: [1, ...shown.map(x), ...(axis === "speedup" ? [value] : [])],
    ys: [...shown.map(y), ...(axis === "psnr" ? [value] : [])],
    draw: (xs, ys) => [
      targetLine(axis, value, xs, ys),
      html`<path class="line" stroke="${frontColour}" d="${front.map((trial, i) => `${i === 0 ? "M" : "L"}${xs.place(x(trial))} ${ys.place(y(trial))}`).join("")}"/>`,
      shown.map((trial) => dot(trial, xs, ys)),
    ],
  });
}

function targetLine(axis: string | undefined, value: number, xs: Scale, ys: Scale): Html {
  const [left, right] = [xs.place(xs.ticks[0]!), xs.place(xs.ticks.at(-1)!)];
  const [bottom, top] = [ys.place(ys.ticks[0]!), ys.place(ys.ticks.at(-1)!)];
  const line = (x1: number, y1: number, x2: number, y2: number): Html =>
    html`<line class="threshold" stroke="${seriesColours[1]!}" x1="${x1}" y1="${y1}" x2="${x2}" y2="${y2}"><title>asked for</title></line>`;
  if (axis === "psnr") return line(left, ys.place(value), right, ys.place(value));
  return axis === "speedup" ? line(xs.place(value), bottom, xs.place(value), top) : html``;
}

function trialTable(trials: readonly Trial[], { knobs }: Tuning, chosen: Trial | undefined): Html {
  const front = frontOf(trials);
  const head = ["PSNR", "SSIM", "GMSD", "denoiser", "whole", "an image", "FLOPs skipped"];
  return wide(
    "Settings",
    html`<table>
<tr><th scope="col">setting</th>${head.map((name) => html`<th scope="col" class="number">${name}</th>`)}<td></td></tr>
${[...trials].sort(byBoldness).map((trial) => {
  const { quality, speedup, seconds, skipped } = trial;
  const cells = [
    ...qualityTexts(quality),
    timesText(speedup.denoiser),
    timesText(speedup.whole),
    `${seconds.whole.toFixed(2)} s`,
    percent(skipped),
  ];
  const mark = trial === chosen ? "chosen" : front.includes(trial) ? "front" : "";
  return html`<tr class="${mark}"><td>${settingText(knobs, trial.position)}</td>${cells.map((cell) => html`<td class="number">${cell}</td>`)}<td class="mark">${mark}</td></tr>`;
})}
</table>`,
  );
}

/** A row a setting: its options, then what was measured. */
function trialCsv({ trials, knobs }: Tuning, chosen: Trial | undefined): string {
  const front = frontOf(trials);
  const head = [
    ...knobs.map(({ plugin, option }) => `${plugin}.${option}`),
    ...["psnr_db", "ssim", "gmsd", "denoiser_times_faster", "whole_times_faster", "denoiser_seconds", "whole_seconds"],
    ...["flops_skipped_share", "front", "chosen"],
  ];
  const rows = [...trials].sort(byBoldness).map((trial): Cell[] => {
    const { position, quality, speedup, seconds, skipped } = trial;
    const options = knobs.map(({ values }, i) => {
      const value = values[position[i]!];
      return typeof value === "number" || typeof value === "string" ? value : JSON.stringify(value);
    });
    return [
      ...[...options, quality.psnr, quality.ssim, quality.gmsd, speedup.denoiser, speedup.whole],
      ...[seconds.denoiser, seconds.whole, skipped, front.includes(trial) ? 1 : 0, trial === chosen ? 1 : 0],
    ];
  });
  return csv(head, rows);
}

/** Careful settings first. */
function byBoldness(a: Trial, b: Trial): number {
  const knob = a.position.findIndex((value, i) => value !== b.position[i]);
  return knob < 0 ? 0 : a.position[knob]! - b.position[knob]!;
}
