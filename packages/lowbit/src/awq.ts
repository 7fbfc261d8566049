import { roundToNearest, roundWith, scaleFor, scalesOf } from "./round-to-nearest";
import { dequantize, groupOf, groupsPerRow, type Rounded, type RoundingOptions, scaleIndex } from "./rounded";

/** A linear's weight, `[rows, columns]`. */
export interface Matrix {
  readonly values: Float32Array;
  readonly rows: number;
  readonly columns: number;
}

/** What AWQ found for linears of one input. */
export interface AwqScales {
  /** One a column: weights are multiplied by it, inputs divided. */
  readonly scales: Float32Array;
  /** The strength that was best, 0 to 0.95; 0 leaves the weights as they are. */
  readonly ratio: number;
  /** Mean squared difference of the outputs, for each of the ratios tried. */
  readonly errors: readonly number[];
}

const gridSize = 20;

/**
 * AWQ, https://arxiv.org/abs/2306.00978, section 3.2: the scales of input columns under which rounding hurts the outputs
 * least. Columns of large inputs get more of the codes.
 * @param weights of linears that have the same input @param inputs `[T, columns]` of the calibration
 */
export function awqScales(weights: readonly Matrix[], inputs: Float32Array, options: RoundingOptions): AwqScales {
  const { columns } = weights[0]!;
  const sizes = meanAbs(inputs, columns);
  let best = { scales: columnScales(sizes, 0), ratio: 0, error: Number.POSITIVE_INFINITY };
  const errors: number[] = [];
  for (let i = 0; i < gridSize; i++) {
    const scales = columnScales(sizes, i / gridSize);
    const error = weights.reduce((sum, weight) => sum + outputError(weight, scales, inputs, options), 0);
    errors.push(error);
    if (error < best.error) best = { scales, ratio: i / gridSize, error };
  }
  return { scales: best.scales, ratio: best.ratio, errors };
}

/** A weight with its columns multiplied. */
export function scaleColumns({ values, rows, columns }: Matrix, scales: Float32Array): Float32Array {
  const result = new Float32Array(values.length);
  for (let row = 0; row < rows; row++)
    for (let column = 0; column < columns; column++)
      result[row * columns + column] = values[row * columns + column]! * scales[column]!;
  return result;
}

/**
 * AWQ's clipping: the largest weight of each group that is kept, found on the calibration's inputs.
 * @param inputs `[T, columns]`, a few hundred rows
 */
export function awqClipped({ values, rows, columns }: Matrix, inputs: Float32Array, options: RoundingOptions): Rounded {
  const scales = scalesOf(values, rows, columns, options);
  const found = Float32Array.from(scales.scales);
  const zeroPoints = scales.zeroPoints && Uint8Array.from(scales.zeroPoints);
  const group = groupOf(scales);
  for (let row = 0; row < rows; row++)
    for (let g = 0; g < groupsPerRow(scales); g++) {
      const at = scaleIndex(scales, row, g);
      const from = g * group;
      const part = values.subarray(row * columns + from, row * columns + Math.min(from + group, columns));
      const { scale, zeroPoint } = bestClip(part, inputs, columns, from, options);
      found[at] = scale;
      if (zeroPoints) zeroPoints[at] = zeroPoint;
    }
  return roundWith(values, { ...scales, scales: found, ...(zeroPoints ? { zeroPoints } : {}) });
}

function bestClip(
  part: Float32Array,
  inputs: Float32Array,
  columns: number,
  from: number,
  options: RoundingOptions,
): { readonly scale: number; readonly zeroPoint: number } {
  const lowest = part.reduce((least, value) => Math.min(least, value), 0);
  const highest = part.reduce((most, value) => Math.max(most, value), 0);
  const most = Math.max(-lowest, highest);
  let best = { error: Number.POSITIVE_INFINITY, scale: scaleFor(lowest, highest, options) };
  for (let i = 0; i < gridSize / 2; i++) {
    const clip = most * (1 - i / gridSize);
    const scale = scaleFor(Math.max(lowest, -clip), Math.min(highest, clip), options);
    const zeros = { zeroPoints: Uint8Array.of(scale.zeroPoint) };
    const of = {
      ...options,
      per: "tensor",
      rows: 1,
      columns: part.length,
      scales: Float32Array.of(scale.scale),
    } as const;
    const back = dequantize(roundWith(part, { ...of, ...(options.scheme === "asymmetric" ? zeros : {}) }));
    const error = groupError(part, back, inputs, columns, from);
    if (error < best.error) best = { error, scale };
  }
  return best.scale;
}

/** Of the products with one group of columns. */
function groupError(
  part: Float32Array,
  back: Float32Array,
  inputs: Float32Array,
  columns: number,
  from: number,
): number {
  let error = 0;
  for (let start = from; start < inputs.length; start += columns) {
    let difference = 0;
    for (let k = 0; k < part.length; k++) difference += inputs[start + k]! * (back[k]! - part[k]!);
    error += difference * difference;
  }
  return error;
}

function columnScales(sizes: Float64Array, ratio: number): Float32Array {
  const scales = Float64Array.from(sizes, (size) => Math.max(size ** ratio, 1e-4));
  const most = scales.reduce((a, b) => Math.max(a, b), 0);
  const least = scales.reduce((a, b) => Math.min(a, b), Number.POSITIVE_INFINITY);
  const middle = Math.sqrt(most * least);
  return Float32Array.from(scales, (scale) => scale / middle);
}

/** Mean squared difference of `x W^T` and `(x / s) Q(W s)^T`. */
function outputError(weight: Matrix, scales: Float32Array, inputs: Float32Array, options: RoundingOptions): number {
  const { values, rows, columns } = weight;
  const scaled = roundToNearest(scaleColumns(weight, scales), rows, columns, options);
  const back = scaleColumns(
    { values: dequantize(scaled), rows, columns },
    scales.map((scale) => 1 / scale),
  );
  const difference = back.map((value, i) => value - values[i]!);
  const count = inputs.length / columns;
  let error = 0;
  for (let row = 0; row < rows; row++) {
    const of = difference.subarray(row * columns, (row + 1) * columns);
    error += groupError(new Float32Array(columns), of, inputs, columns, 0);
  }
  return error / (rows * count);
}

function meanAbs(inputs: Float32Array, columns: number): Float64Array {
  const sums = new Float64Array(columns);
  for (let i = 0; i < inputs.length; i++) sums[i % columns]! += Math.abs(inputs[i]!);
  const count = inputs.length / columns;
  return sums.map((sum) => sum / count);
}
