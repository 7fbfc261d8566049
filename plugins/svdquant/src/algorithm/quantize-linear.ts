import { dequantize, gptq, Hessian, type Matrix, type Rounded, throughFloat16 } from "@skipstep/lowbit";
import { outputError, type Tokens } from "./output-error";
import { type ActivationBits, roundedActivations, roundedWeights, weightScales } from "./rounding";
import { dividedColumns, scaledColumns } from "./smoothing";
import { type LowRank, residualOf, truncatedSvd } from "./truncated-svd";

export interface LinearOptions {
  /** Of the low-rank branch; 0 for none. */
  readonly rank: number;
  /** Times that the branch is fitted anew to what rounding left, while that helps. */
  readonly iterations: number;
  /** What the layer's inputs are rounded to where it runs. */
  readonly activationBits: ActivationBits;
  /** Columns that share a scale. */
  readonly group: number;
}

/** `x W^T` as `(x / smooth) R'^T + (x down^T) up^T`. Everything but the codes is rounded to float16. */
export interface QuantizedLinear {
  /** `[K]` */
  readonly smooth: Float32Array;
  /** Of the residual `[N, K]`: codes -7..7, a scale a group. */
  readonly residual: Rounded;
  /** `down` acts on the input as it is, without smoothing. */
  readonly branch: LowRank;
  /** `sum (y - y')^2` over the inputs of the calibration; 0 without. */
  readonly error: number;
}

/**
 * SVDQuant of one weight, https://arxiv.org/abs/2411.05007, section 4.2.
 *
 * | here     | paper            | is                                        |
 * | -------- | ---------------- | ----------------------------------------- |
 * | smooth   | lambda           | what the inputs' outliers are divided by  |
 * | branch   | L1 L2            | the part of high precision                |
 * | residual | R = W - L1 L2    | the part in 4 bits                        |
 *
 * @param inputs `[T, K]` of the calibration, where there are any: what branches are judged by
 * @param hessian of `smoothedHessian`: rounds the residual by GPTQ instead of to the nearest
 */
export function quantizeLinear(
  weight: Matrix,
  smooth: Float32Array,
  inputs: Matrix | undefined,
  options: LinearOptions,
  hessian?: Hessian,
): QuantizedLinear {
  const stored = throughFloat16(smooth);
  const smoothed = scaledColumns(weight, stored);
  const tokens = inputs && tokensOf(dividedColumns(inputs, stored), options);
  const { branch, residual, rounded, error } = decompose(smoothed, stored, tokens, options);
  if (!hessian) return { smooth: stored, residual: rounded, branch, error };
  const { rows, columns } = weight;
  const scales = weightScales(residual, options.group);
  const better = gptq(residual.values, rows, columns, hessian, { ...scales, scales });
  const left = tokens ? outputError(tokens, residual, dequantize(better)) : 0;
  return { smooth: stored, residual: better, branch, error: left };
}

/** Of the inputs as they are once they are smoothed, for GPTQ. */
export function smoothedHessian(inputs: Matrix, smooth: Float32Array): Hessian {
  const hessian = new Hessian(inputs.columns);
  hessian.add(dividedColumns(inputs, throughFloat16(smooth)).values);
  return hessian;
}

export function tokensOf(
  exact: Matrix,
  { activationBits, group }: Pick<LinearOptions, "activationBits" | "group">,
): Tokens {
  return { exact, seen: roundedActivations(exact, activationBits, group) };
}

interface Decomposed {
  readonly branch: LowRank;
  readonly residual: Matrix;
  readonly rounded: Rounded;
  readonly error: number;
}

/** Branch and residual; fitted again to what rounding left until the outputs get worse. */
function decompose(
  smoothed: Matrix,
  smooth: Float32Array,
  tokens: Tokens | undefined,
  { rank, iterations, group }: LinearOptions,
): Decomposed {
  let best: Decomposed | undefined;
  let target = smoothed;
  let start: readonly Float64Array[] | undefined;
  for (let i = 0; i < Math.max(1, tokens ? iterations : 1); i++) {
    const { subspace, ...exact } = truncatedSvd(target, rank, { start });
    const branch = stored(exact, smooth);
    const residual = { ...smoothed, values: residualOf(smoothed, { ...branch, down: scaledRows(branch, smooth) }) };
    const rounded = roundedWeights(residual, group);
    const back = dequantize(rounded);
    const error = tokens ? outputError(tokens, residual, back) : 0;
    if (best && error > best.error) break;
    best = { branch, residual, rounded, error };
    if (rank === 0) break;
    start = subspace;
    target = { ...smoothed, values: smoothed.values.map((value, k) => value - back[k]!) };
  }
  return best!;
}

/** In float16, with `down` for inputs that are not smoothed: what rounding takes from it, the residual gets. */
function stored({ rank, up, down }: LowRank, smooth: Float32Array): LowRank {
  const plain = down.map((value, i) => value / smooth[i % smooth.length]!);
  return { rank, up: throughFloat16(up), down: throughFloat16(plain) };
}

function scaledRows({ down }: LowRank, smooth: Float32Array): Float32Array {
  return down.map((value, i) => value * smooth[i % smooth.length]!);
}
