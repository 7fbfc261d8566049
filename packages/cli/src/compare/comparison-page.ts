import { htmlDocument } from "../page/document";
import { type Html, html } from "../page/html";
import { machineText } from "../page/machine";
import { pictureAddress } from "../page/picture";
import { seriesColours } from "../page/style";
import { qualityTexts, timesText } from "../quality/texts";
import { denoiserSeconds, wholeSeconds } from "../render/drawing";
import { median } from "../render/median";
import { motifText } from "../render/motif";
import { unsteadyWarnings } from "../render/unsteady";
import type { Comparison, Entrant, Rival } from "./comparison";
import { configSections, versionTable } from "./config-sections";
import { residualCharts } from "./residual-chart";
import { residualsOf, stepCount } from "./residuals";
import { stepStrips } from "./step-strip";

/** A comparison as one page that needs no other file. */
export async function comparisonPage(comparison: Comparison): Promise<string> {
  const { motifs, reference, rivals } = comparison;
  const entrants = [reference, ...rivals];
  const sections: Html[] = [];
  for (const [i, motif] of motifs.entries())
    sections.push(html`<h2>${motifText(motif)}</h2>
<div class="images">${await Promise.all(entrants.map((entrant, j) => figure(entrant, rivals[j - 1], i)))}</div>
${behaviour(entrants, i)}`);
  const title = `${rivals.map(({ name }) => name).join(", ")} against ${reference.name}`;
  return htmlDocument(
    title,
    html`${summaryTable(comparison)}
${unsteadyWarnings(reference.drawings.map(denoiserSeconds)).map((warning) => html`<p>${warning}</p>`)}
<p class="soft">PSNR of the pixels in bytes; SSIM of the gray images (Wang et al. 2004), 1 is equal; GMSD, gradient magnitude similarity deviation (Xue et al. 2014), 0 is equal. Over images: means. Speed-up: median over images, each against the first config's image drawn right before or after; first runs are left out. In charts, a full dot is a step at which something was reused, and a broken line what differences are held against; in strips, full steps are computed, empty ones reused.</p>
${sections}
<h2>Configs</h2>
${configSections(entrants)}
<h2>Versions</h2>
${versionTable(entrants)}
<p>${machineText()}</p>`,
  );
}

function summaryTable({ reference, rivals }: Comparison): Html {
  const seconds = (entrant: Entrant, of: typeof wholeSeconds): string =>
    `${median(entrant.drawings.map(of)).toFixed(2)} s`;
  const times = (entrant: Entrant): Html =>
    html`<td class="number">${seconds(entrant, denoiserSeconds)}</td><td class="number">${seconds(entrant, wholeSeconds)}</td>`;
  return html`<div class="wide"><table>
<tr><th>config</th>${["PSNR", "SSIM", "GMSD", "denoiser", "whole", "denoiser faster", "whole faster"].map((name) => html`<th class="number">${name}</th>`)}</tr>
<tr><td>${named(reference.name, 0)}</td><td></td><td></td><td></td>${times(reference)}<td></td><td></td></tr>
${rivals.map(
  (rival, i) =>
    html`<tr><td>${named(rival.name, i + 1)}</td>${qualityTexts(rival.mean).map((text) => html`<td class="number">${text}</td>`)}${times(rival)}<td class="number">${timesText(rival.median.denoiser)}</td><td class="number">${timesText(rival.median.whole)}</td></tr>`,
)}
</table></div>`;
}

/** A config's name with its colour. @param index among all configs */
function named(name: string, index: number): Html {
  return html`<span class="swatch" style="background:${colourOf(index)}"></span>${name}`;
}

function colourOf(index: number): string {
  return index === 0 ? "var(--soft)" : seriesColours[(index - 1) % seriesColours.length]!;
}

/** @param rival the entrant's measures; none for the reference @param i of the motif */
async function figure(entrant: Entrant, rival: Rival | undefined, i: number): Promise<Html> {
  const drawing = entrant.drawings[i]!;
  const { width, height } = drawing.image;
  const [psnr, ssim, gmsd] = rival ? qualityTexts(rival.qualities[i]!) : [];
  const measures = rival
    ? html`PSNR ${psnr!}, SSIM ${ssim!}, GMSD ${gmsd!}<br>${timesText(rival.speedups[i]!.denoiser)} denoiser, ${timesText(rival.speedups[i]!.whole)} whole<br>`
    : "";
  return html`<figure><img src="${await pictureAddress(drawing.image)}" width="${width}" height="${height}" alt="drawn by ${entrant.name}">
<figcaption>${entrant.name}<br>${measures}${denoiserSeconds(drawing).toFixed(2)} s denoiser, ${wholeSeconds(drawing).toFixed(2)} s whole</figcaption></figure>`;
}

/** What the plugins of all configs measured and did while they drew a motif. */
function behaviour(entrants: readonly Entrant[], i: number): Html {
  const steps = Math.max(...entrants.map(({ drawings }) => stepCount(drawings[i]!)));
  const series = entrants.flatMap(({ name, config, drawings }, j) =>
    residualsOf(config, drawings[i]!).map((one) => ({ ...one, config: name, colour: colourOf(j) })),
  );
  const plugins = entrants.flatMap(({ name, drawings }, j) =>
    drawings[i]!.report.plugins.map(
      (plugin) => html`<p>${named(name, j)} ${plugin.name}: ${plugin.summary}</p>
${stepStrips(plugin, stepCount(drawings[i]!), colourOf(j))}`,
    ),
  );
  return html`${residualCharts(series, steps)}${plugins}`;
}
