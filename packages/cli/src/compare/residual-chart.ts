import { type Html, html } from "../page/html";
import { linePath, plot, plotSides } from "../page/plot";
import type { Scale, StepScale } from "../page/scale";
import { fillOf } from "../page/step-mark";
import type { ResidualSeries } from "./residuals";

/** A series in the colour of its config. */
export interface ColouredSeries extends ResidualSeries {
  readonly colour: string;
  readonly config: string;
}

/** Charts of what plugins measured, one for each kind of number, with thresholds as broken lines. */
export function residualCharts(series: readonly ColouredSeries[], steps: StepScale): Html[] {
  const numbers = [...new Set(series.map(({ number }) => number))];
  return numbers.map((number) =>
    residualChart(
      number,
      series.filter((one) => one.number === number),
      steps,
    ),
  );
}

function residualChart(number: string, series: readonly ColouredSeries[], steps: StepScale): Html {
  const thresholds = new Map(
    series.flatMap(({ threshold, colour }) => (threshold === undefined ? [] : [[threshold, colour]])),
  );
  const values = series.flatMap(({ points }) => points.map(([, value]) => value));
  return plot({
    xTitle: "step",
    yTitle: number,
    x: steps,
    ys: [0, ...values, ...thresholds.keys()],
    draw: (x, y) => [
      [...thresholds].map(([threshold, colour]) => thresholdLine(threshold, colour, y)),
      series.map((one) => seriesMarks(one, x, y)),
    ],
  });
}

function thresholdLine(threshold: number, colour: string, y: Scale): Html {
  const [begin, end] = plotSides;
  const height = y.place(threshold);
  return html`<line class="threshold" stroke="${colour}" x1="${begin}" x2="${end}" y1="${height}" y2="${height}"><title>threshold ${threshold}</title></line>`;
}

/** A line, and a dot at each step: full where the region was computed, as in strips. */
function seriesMarks({ points, reused, colour, config, plugin, region }: ColouredSeries, x: Scale, y: Scale): Html {
  const shown = points.filter(([, value]) => Number.isFinite(value));
  const path = linePath(
    points.map(([step, value]) => [step + 1, value]),
    x,
    y,
  );
  return html`<path class="line" stroke="${colour}" d="${path}"/>
${shown.map(([step, value]) => {
  const verdict = reused.has(step) ? "reused" : "computed";
  return html`<circle cx="${x.place(step + 1)}" cy="${y.place(value)}" r="3.4" stroke="${colour}" fill="${fillOf(verdict, colour)}"><title>${config}, ${plugin} ${region}, step ${step + 1}: ${Number(value.toPrecision(4))}, ${verdict}</title></circle>`;
})}`;
}
