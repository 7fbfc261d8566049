import { type Content, type Html, html } from "./html";
import { linearScale, type Scale } from "./scale";

/** Pixels of a chart, and of what lies around its area. */
const height = 260;
const margin = { left: 52, right: 14, top: 14, bottom: 40 };

export const plotWidth = 720;

/** Where the area of every chart begins and ends: what stands below one is in line with it. */
export const plotSides = [margin.left, plotWidth - margin.right] as const;

export interface PlotOptions {
  /** What the axes show, unit included. */
  readonly xTitle: string;
  readonly yTitle: string;
  /** Numbers that the x axis must cover, or the axis. */
  readonly x: readonly number[] | Scale;
  readonly ys: readonly number[];
  /** What stands in the area. */
  readonly draw: (x: Scale, y: Scale) => Content;
}

/** A chart as SVG: axes with round numbers, and what `draw` puts between them. */
export function plot({ xTitle, yTitle, x: xs, ys, draw }: PlotOptions): Html {
  const [left, right] = plotSides;
  const [top, bottom] = [margin.top, height - margin.bottom];
  const x = "place" in xs ? xs : linearScale(xs, [left, right], 10);
  const y = linearScale(ys, [bottom, top]);
  return html`<svg class="plot" viewBox="0 0 ${plotWidth} ${height}" width="${plotWidth}" height="${height}" role="img" aria-label="${yTitle} by ${xTitle}">
${y.ticks.map(
  (tick) =>
    html`<line class="axis" x1="${left}" x2="${right}" y1="${y.place(tick)}" y2="${y.place(tick)}"/><text x="${left - 6}" y="${y.place(tick) + 4}" text-anchor="end">${tick}</text>`,
)}
${x.ticks.map((tick) => html`<text x="${x.place(tick)}" y="${bottom + 16}" text-anchor="middle">${tick}</text>`)}
<text x="${(left + right) / 2}" y="${height - 6}" text-anchor="middle">${xTitle}</text>
<text x="12" y="${(top + bottom) / 2}" text-anchor="middle" transform="rotate(-90 12 ${(top + bottom) / 2})">${yTitle}</text>
${draw(x, y)}
</svg>`;
}

/** A line through points; it breaks where a number is missing or not finite. */
export function linePath(points: readonly (readonly [number, number])[], x: Scale, y: Scale): string {
  let pen = "M";
  return points
    .map(([px, py]) => {
      const move = pen;
      pen = Number.isFinite(py) ? "L" : "M";
      return Number.isFinite(py) ? `${move}${x.place(px)} ${y.place(py)}` : "";
    })
    .join("");
}
