import { configSections, versionSection } from "../page/config-sections";
import { htmlDocument, wide } from "../page/document";
import { downloads } from "../page/downloads";
import { type Html, html } from "../page/html";
import { lens } from "../page/lens";
import { frame, pictureAddress } from "../page/picture";
import { plotSides } from "../page/plot";
import { stepScale } from "../page/scale";
import { stepLegend } from "../page/step-mark";
import { seriesColours } from "../page/style";
import { measures, qualityLine, timesText } from "../quality/texts";
import { denoiserSeconds, wholeSeconds } from "../render/drawing";
import { median } from "../render/median";
import { motifText } from "../render/motif";
import { unsteadyWarnings } from "../render/unsteady";
import type { Comparison, Entrant, Rival } from "./comparison";
import { comparisonTables } from "./comparison-tables";
import { differenceAddress, fullDifference } from "./difference-map";
import { motifAnchor, overview, worstMotifs } from "./overview";
import { residualCharts } from "./residual-chart";
import { residualsOf, stepCount } from "./residuals";
import { stepStrips } from "./step-strip";

/** A comparison as one page that needs no other file. @param net whose features LPIPS was measured with */
export async function comparisonPage(comparison: Comparison, net?: string): Promise<string> {
  const { motifs, reference, rivals } = comparison;
  const entrants = [reference, ...rivals];
  const worst = worstMotifs(comparison);
  const sections: Html[] = [];
  for (const [i, motif] of motifs.entries()) {
    const figures: Html[] = [];
    for (const [j, entrant] of entrants.entries()) figures.push(await figure(comparison, entrant, rivals[j - 1], i));
    const badges = rivals.flatMap(({ name }, j) =>
      worst[j] === i ? [html` <span class="badge">furthest of ${name}</span>`] : [],
    );
    sections.push(html`<h2 id="${motifAnchor(i)}">${motifText(motif)}${badges}</h2>
<div class="images">${figures}</div>
${wide(`Steps of ${motifText(motif)}`, behaviour(entrants, i))}`);
  }
  const title = `${rivals.map(({ name }) => name).join(", ")} against ${reference.name}`;
  const perceptual =
    net === undefined
      ? ""
      : ` LPIPS ${net}, learned perceptual image patch similarity (Zhang et al. 2018, version 0.1): 0 is equal.`;
  return htmlDocument(
    title,
    html`${summaryTable(comparison)}
${unsteadyWarnings(reference.drawings.map(denoiserSeconds)).map((warning) => html`<p>${warning}</p>`)}
<p class="soft">PSNR of the pixels in bytes; SSIM of the gray images (Wang et al. 2004), 1 is equal; GMSD, gradient magnitude similarity deviation (Xue et al. 2014), 0 is equal.${perceptual} Over images: means. Speed-up: median over images, each against the first config's image drawn right before or after; first runs are left out. Difference maps: black is equal, the brightest ${fullDifference} of 255 levels or more in a colour.</p>
${downloads(comparisonTables(comparison))}
${overview(comparison, named)}
${stepLegend()}
${lens(true)}
${sections}
${configSections(entrants)}
${versionSection(entrants.map(({ drawings }) => drawings[0]!.recipe.versions))}`,
  );
}

function summaryTable({ reference, rivals }: Comparison): Html {
  const seconds = (entrant: Entrant, of: typeof wholeSeconds): string =>
    `${median(entrant.drawings.map(of)).toFixed(2)} s`;
  const times = (entrant: Entrant): Html =>
    html`<td class="number">${seconds(entrant, denoiserSeconds)}</td><td class="number">${seconds(entrant, wholeSeconds)}</td>`;
  const shown = measures(rivals.map(({ mean }) => mean));
  const head = [...shown.map(({ name }) => name), "denoiser", "whole", "denoiser faster", "whole faster"];
  return wide(
    "Configs",
    html`<table>
<tr><th scope="col">config</th>${head.map((name) => html`<th scope="col" class="number">${name}</th>`)}</tr>
<tr><td>${named(reference.name, 0)}</td>${shown.map(() => html`<td></td>`)}${times(reference)}<td></td><td></td></tr>
${rivals.map(
  (rival, i) =>
    html`<tr><td>${named(rival.name, i + 1)}</td>${shown.map(({ text }) => html`<td class="number">${text(rival.mean)}</td>`)}${times(rival)}<td class="number">${timesText(rival.median.denoiser)}</td><td class="number">${timesText(rival.median.whole)}</td></tr>`,
)}
</table>`,
  );
}

/** A config's name with its colour. @param index among all configs */
function named(name: string, index: number): Html {
  return html`<span class="swatch" style="background:${colourOf(index)}"></span>${name}`;
}

function colourOf(index: number): string {
  return index === 0 ? "var(--soft)" : seriesColours[(index - 1) % seriesColours.length]!;
}

/** An image, and where it differs. @param rival the entrant's measures; none for the reference @param i of the motif */
async function figure(
  { motifs, reference }: Comparison,
  entrant: Entrant,
  rival: Rival | undefined,
  i: number,
): Promise<Html> {
  const drawing = entrant.drawings[i]!;
  const { image } = drawing;
  const { width, height } = image;
  const text = motifText(motifs[i]!);
  const shown = frame(
    { address: await pictureAddress(image), width, height, alt: `${text}, drawn by ${entrant.name}` },
    "picture",
  );
  const map = rival
    ? frame(
        {
          address: await differenceAddress(image, reference.drawings[i]!.image),
          width,
          height,
          alt: `${text}: where ${entrant.name} differs from ${reference.name}`,
        },
        "difference",
      )
    : "";
  const numbers = rival
    ? html`${qualityLine(rival.qualities[i]!)}<br>${timesText(rival.speedups[i]!.denoiser)} denoiser, ${timesText(rival.speedups[i]!.whole)} whole<br>`
    : "";
  return html`<figure>${shown}${map}
<figcaption>${entrant.name}<br>${numbers}${denoiserSeconds(drawing).toFixed(2)} s denoiser, ${wholeSeconds(drawing).toFixed(2)} s whole</figcaption></figure>`;
}

/** What the plugins of all configs measured and did while they drew a motif. */
function behaviour(entrants: readonly Entrant[], i: number): Html {
  const steps = stepScale(Math.max(...entrants.map(({ drawings }) => stepCount(drawings[i]!))), plotSides);
  const series = entrants.flatMap(({ name, config, drawings }, j) =>
    residualsOf(config, drawings[i]!).map((one) => ({ ...one, config: name, colour: colourOf(j) })),
  );
  const plugins = entrants.flatMap(({ name, drawings }, j) =>
    drawings[i]!.report.plugins.map(
      (plugin) => html`<p>${named(name, j)} ${plugin.name}: ${plugin.summary}</p>
${stepStrips(plugin, steps, colourOf(j))}`,
    ),
  );
  return html`${residualCharts(series, steps)}${plugins}`;
}
