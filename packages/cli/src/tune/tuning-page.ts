import { htmlDocument } from "../page/document";
import { type Html, html } from "../page/html";
import { machineText } from "../page/machine";
import { plot } from "../page/plot";
import type { Scale } from "../page/scale";
import { seriesColours } from "../page/style";
import { qualityTexts, timesText } from "../quality/texts";
import { type Motif, motifText } from "../render/motif";
import { unsteadyWarnings } from "../render/unsteady";
import { frontOf } from "./front";
import { settingText } from "./setting";
import type { Trial } from "./trial";
import { percent, type Tuning } from "./tuning-result";

const [frontColour, otherColour] = [seriesColours[0]!, "var(--soft)"];

/** Every setting that was measured, as one page that needs no other file. @param name of the config */
export function tuningPage(tuning: Tuning, chosen: Trial | undefined, name: string, motifs: readonly Motif[]): string {
  const { knobs, target, trials } = tuning;
  const outcome = chosen
    ? html`Chosen: <strong>${settingText(knobs, chosen.position)}</strong>`
    : html`<strong>No setting reached it.</strong>`;
  return htmlDocument(
    `${name}, tuned for ${target.text}`,
    html`<p>${outcome}</p>
${unsteadyWarnings(trials.flatMap(({ plainSeconds }) => plainSeconds)).map((warning) => html`<p>${warning}</p>`)}
${frontChart(tuning, chosen)}
<p class="soft">Each dot is a setting. Joined ones are the front: no other setting is both faster and closer to the plain images. PSNR: mean over images of the pixels in bytes, against the config without plugins. Speed-up: median over images, each against its plain image drawn right before or after. Settings that change no pixel are in the table only.</p>
${trialTable(trials, tuning, chosen)}
<h2>Drawn by each setting</h2>
<ul>${motifs.map((motif) => html`<li>${motifText(motif)}</li>`)}</ul>
<p>${machineText()}</p>`,
  );
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
    xs: [1, ...shown.map(x), ...(axis === "speedup" ? [value] : [])],
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
  return html`<div class="wide"><table>
<tr><th>setting</th>${head.map((name) => html`<th class="number">${name}</th>`)}<th></th></tr>
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
</table></div>`;
}

/** Careful settings first. */
function byBoldness(a: Trial, b: Trial): number {
  const knob = a.position.findIndex((value, i) => value !== b.position[i]);
  return knob < 0 ? 0 : a.position[knob]! - b.position[knob]!;
}
