import { wide } from "../page/document";
import { type Html, html } from "../page/html";
import { type Quality, worstOf } from "../quality/quality";
import { measures } from "../quality/texts";
import { motifText } from "../render/motif";
import type { Comparison } from "./comparison";

/** What leads to a motif's images. @param i its place */
export function motifAnchor(i: number): string {
  return `image-${i + 1}`;
}

/** The motifs at which each rival is furthest from the reference; none where all images are equal. */
export function worstMotifs({ rivals }: Comparison): (number | undefined)[] {
  return rivals.map(({ qualities }) => worstOf(qualities));
}

/** All images by all configs in a table, the furthest of each column marked, with links to the images. */
export function overview(comparison: Comparison, named: (name: string, index: number) => Html): Html {
  const { motifs, rivals } = comparison;
  const worst = worstMotifs(comparison);
  const shown = measures(rivals.flatMap(({ qualities }) => qualities));
  const cell = (quality: Quality, isWorst: boolean, { text }: (typeof shown)[number], i: number): Html =>
    html`<td class="number${isWorst ? " worst" : ""}">${text(quality)}${isWorst && i === 0 ? html` <span class="badge">worst</span>` : ""}</td>`;
  return html`<h2 id="overview">Overview</h2>
${worst.flatMap((at, i) =>
  at === undefined
    ? []
    : html`<p>${named(rivals[i]!.name, i + 1)} is furthest from the reference at <a href="#${motifAnchor(at)}">${motifText(motifs[at]!)}</a>: ${shown.map(({ name, text }) => `${name} ${text(rivals[i]!.qualities[at]!)}`).join(", ")}.</p>`,
)}
${wide(
  "Measures of all images",
  html`<table>
<tr><th scope="col" rowspan="2">image</th>${rivals.map(({ name }, i) => html`<th scope="colgroup" colspan="${shown.length}">${named(name, i + 1)}</th>`)}</tr>
<tr>${rivals.map(() => shown.map(({ name }) => html`<th scope="col" class="number">${name}</th>`))}</tr>
${motifs.map(
  (motif, i) =>
    html`<tr><td><a href="#${motifAnchor(i)}">${motifText(motif)}</a></td>${rivals.map(({ qualities }, j) =>
      shown.map((measure, k) => cell(qualities[i]!, worst[j] === i, measure, k)),
    )}</tr>`,
)}
</table>`,
)}`;
}
