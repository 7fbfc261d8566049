import { inverseFactor } from "./cholesky";
import type { Hessian } from "./hessian";
import { coder, scalesOf } from "./round-to-nearest";
import { groupOf, type Rounded, type RoundingOptions, type Scales, scaleIndex } from "./rounded";

/** How GPTQ rounds; https://arxiv.org/abs/2210.17323. */
export interface GptqOptions extends RoundingOptions {
  /** Added to the Hessian's diagonal, as a share of its mean. */
  readonly damping?: number;
  /** Columns of large inputs first. */
  readonly actOrder?: boolean;
  /** Columns whose errors are carried on together. */
  readonly blockSize?: number;
  /** Scales found elsewhere; those of the largest values when left out. They stay where the columns were. */
  readonly scales?: Scales;
}

/** Tries with more damping, where the Hessian is not positive definite. */
const mostTries = 200;

/**
 * GPTQ, https://arxiv.org/abs/2210.17323: rounds column after column, and lets the columns that are not rounded yet make
 * good for the error on the calibration's inputs.
 *
 * | here     | paper   | is                                                        |
 * | -------- | ------- | --------------------------------------------------------- |
 * | hessian  | H       | `2 X X^T` over the inputs                                 |
 * | factor   | H^-1    | upper Cholesky factor of the inverse                      |
 * | error    | E       | a column's rounding error over the factor's diagonal      |
 *
 * @param weight `[rows, columns]`, row-major
 */
export function gptq(
  weight: Float32Array,
  rows: number,
  columns: number,
  hessian: Hessian,
  options: GptqOptions,
): Rounded {
  const { damping = 0.01, actOrder = true, blockSize = 128 } = options;
  const whole = hessian.matrix();
  const values = Float64Array.from(weight);
  quietDeadColumns(whole, values, rows, columns);
  const scales = options.scales ?? scalesOf(Float32Array.from(values), rows, columns, options);
  const order = orderOf(whole, columns, actOrder);
  const factor = dampedFactor(permuted(whole, order), columns, damping);
  const codes = scales.scheme === "asymmetric" ? new Uint8Array(rows * columns) : new Int8Array(rows * columns);
  // A row's columns depend on one another, rows do not.
  for (let row = 0; row < rows; row++) {
    const from = row * columns;
    const line = Float64Array.from(order, (column) => values[from + column]!);
    roundRow(line, row, order, factor, scales, blockSize, codes.subarray(from, from + columns));
  }
  return { ...scales, codes };
}

/** @param line a row's values in the order of rounding; used up @param codes of the row, in the original order */
function roundRow(
  line: Float64Array,
  row: number,
  order: Int32Array,
  factor: Float64Array,
  scales: Scales,
  blockSize: number,
  codes: Int8Array | Uint8Array,
): void {
  const columns = line.length;
  const group = groupOf(scales);
  const errors = new Float64Array(blockSize);
  for (let start = 0; start < columns; start += blockSize) {
    const end = Math.min(start + blockSize, columns);
    for (let c = start; c < end; c++) {
      const column = order[c]!;
      const at = scaleIndex(scales, row, Math.floor(column / group));
      const code = coder(scales, at)(line[c]!);
      codes[column] = code;
      const back = scales.scales[at]! * (code - (scales.zeroPoints?.[at] ?? 0));
      const error = (line[c]! - back) / factor[c * columns + c]!;
      errors[c - start] = error;
      for (let k = c + 1; k < end; k++) line[k]! -= error * factor[c * columns + k]!;
    }
    for (let c = start; c < end; c++) {
      const error = errors[c - start]!;
      const of = factor.subarray(c * columns, (c + 1) * columns);
      for (let k = end; k < columns; k++) line[k]! -= error * of[k]!;
    }
  }
}

/** Inputs that were always 0: their weights do not matter. */
function quietDeadColumns(hessian: Float64Array, values: Float64Array, rows: number, columns: number): void {
  for (let column = 0; column < columns; column++) {
    if (hessian[column * columns + column] !== 0) continue;
    hessian[column * columns + column] = 1;
    for (let row = 0; row < rows; row++) values[row * columns + column] = 0;
  }
}

function orderOf(hessian: Float64Array, columns: number, actOrder: boolean): Int32Array {
  const order = Int32Array.from({ length: columns }, (_, column) => column);
  const size = (column: number): number => hessian[column * columns + column]!;
  return actOrder ? order.sort((a, b) => size(b) - size(a) || a - b) : order;
}

function permuted(matrix: Float64Array, order: Int32Array): Float64Array {
  const n = order.length;
  const result = new Float64Array(n * n);
  for (let a = 0; a < n; a++) for (let b = 0; b < n; b++) result[a * n + b] = matrix[order[a]! * n + order[b]!]!;
  return result;
}

function dampedFactor(hessian: Float64Array, n: number, damping: number): Float64Array {
  let mean = 0;
  for (let i = 0; i < n; i++) mean += hessian[i * n + i]! / n;
  const add = (amount: number): void => {
    for (let i = 0; i < n; i++) hessian[i * n + i]! += amount;
  };
  add(damping * mean);
  for (let tries = 0; tries < mostTries; tries++) {
    const factor = inverseFactor(hessian, n);
    if (factor) return factor;
    add(0.001 * mean);
  }
  throw new RangeError(`the Hessian of ${n} columns has no Cholesky factor: its inputs are not finite`);
}
