import { dequantize, type Matrix } from "@skipstep/lowbit";
import { someRows } from "./matrix-columns";
import { outputError } from "./output-error";
import { type LinearOptions, tokensOf } from "./quantize-linear";
import { roundedWeights } from "./rounding";
import { dividedColumns, type Spans, type Strength, scaledColumns, smoothingScales, strengths } from "./smoothing";
import { residualOf, truncatedSvd } from "./truncated-svd";

export interface SearchOptions extends Pick<LinearOptions, "rank" | "activationBits" | "group"> {
  /** Into how many parts 0..1 is divided. */
  readonly grid: number;
}

/** What the search looks at: enough to tell candidates apart, little enough for dozens of them. */
const mostRows = 256;
const mostTokens = 64;

/**
 * The strength of smoothing that hurts the outputs of a group of linears least, with the low-rank branch and with
 * rounded activations, as they will run. Later candidates win where they are as good.
 * @param weights of linears that share an input @param inputs `[T, K]` of the calibration @param pause called before each candidate
 */
export async function searchSmoothing(
  weights: readonly Matrix[],
  inputs: Matrix,
  spans: Spans,
  options: SearchOptions,
  pause: () => Promise<void>,
): Promise<Strength> {
  const { rank, grid, group } = options;
  const some = weights.map((weight) => someRows(weight, mostRows));
  const tokens = someRows(inputs, mostTokens);
  const subspaces: (readonly Float64Array[] | undefined)[] = weights.map(() => undefined);
  let best: { strength: Strength; error: number } | undefined;
  for (const strength of strengths(grid)) {
    await pause();
    const scales = smoothingScales(spans, strength);
    const seen = tokensOf(dividedColumns(tokens, scales), options);
    let error = 0;
    for (const [i, weight] of some.entries()) {
      const smoothed = scaledColumns(weight, scales);
      const most = Math.min(rank, weight.rows, weight.columns);
      const branch = truncatedSvd(smoothed, most, { start: subspaces[i] });
      subspaces[i] = branch.subspace;
      const residual = { ...smoothed, values: residualOf(smoothed, branch) };
      error += outputError(seen, residual, dequantize(roundedWeights(residual, group)));
    }
    if (!best || error <= best.error) best = { strength, error };
  }
  return best!.strength;
}
