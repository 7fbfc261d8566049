import type { Matrix } from "@skipstep/lowbit";
import { dot, orthonormalize, startColumns } from "./columns";
import { timesColumns, transposedTimesColumns } from "./matrix-columns";
import { symmetricEigen } from "./symmetric-eigen";

/** `up down`, the matrix of some rank that is nearest to another. */
export interface LowRank {
  readonly rank: number;
  /** `[rows, rank]`, left singular vectors times singular values. */
  readonly up: Float32Array;
  /** `[rank, columns]`, right singular vectors. */
  readonly down: Float32Array;
}

export interface SvdOptions {
  /** Right vectors of a matrix much like this one: they save most of the passes. */
  readonly start?: readonly Float64Array[] | undefined;
  /** Passes over the matrix and back before the last one. */
  readonly passes?: number;
}

/** Vectors beyond the rank that are carried along: they take up what lies close to the last ones. */
const beyond = 8;

/**
 * The first singular values and vectors by subspace iteration, https://arxiv.org/abs/0909.4061, algorithm 4.4, in
 * float64. Deterministic.
 *
 * @param rank at most the smaller side
 * @returns the factors, and the subspace for the next matrix that is much like this one
 */
export function truncatedSvd(
  matrix: Matrix,
  rank: number,
  { start, passes = start ? 1 : 4 }: SvdOptions = {},
): LowRank & { readonly subspace: readonly Float64Array[] } {
  const { rows, columns } = matrix;
  const count = Math.min(rank === 0 ? 0 : rank + beyond, rows, columns);
  let right = start?.length === count ? start.map((column) => column.slice()) : startColumns(columns, count);
  for (let pass = 0; pass < passes; pass++) {
    const left = timesColumns(matrix, right);
    orthonormalize(left);
    right = transposedTimesColumns(matrix, left);
    orthonormalize(right);
  }
  const left = timesColumns(matrix, right);
  const gram = new Float64Array(count * count);
  for (let i = 0; i < count; i++)
    for (let j = 0; j <= i; j++) {
      gram[i * count + j] = dot(left[i]!, left[j]!);
      gram[j * count + i] = gram[i * count + j]!;
    }
  const { vectors } = symmetricEigen(gram, count);
  const turned = (from: readonly Float64Array[], length: number): Float64Array[] =>
    from.map((_, i) => combined(from, vectors.subarray(i * count, (i + 1) * count), length));
  const [lefts, subspace] = [turned(left, rows), turned(right, columns)];
  const up = new Float32Array(rows * rank);
  for (let i = 0; i < rank; i++) for (let row = 0; row < rows; row++) up[row * rank + i] = lefts[i]![row]!;
  const down = new Float32Array(rank * columns);
  for (let i = 0; i < rank; i++) down.set(subspace[i]!, i * columns);
  return { rank, up, down, subspace };
}

function combined(columns: readonly Float64Array[], factors: Float64Array, length: number): Float64Array {
  const sum = new Float64Array(length);
  for (const [i, column] of columns.entries()) {
    const factor = factors[i]!;
    for (let k = 0; k < length; k++) sum[k]! += factor * column[k]!;
  }
  return sum;
}

/** `matrix - up down`, float32. */
export function residualOf({ values, rows, columns }: Matrix, { rank, up, down }: LowRank): Float32Array {
  const result = Float32Array.from(values);
  const line = new Float64Array(columns);
  for (let row = 0; row < rows; row++) {
    line.fill(0);
    for (let i = 0; i < rank; i++) {
      const factor = up[row * rank + i]!;
      const of = down.subarray(i * columns, (i + 1) * columns);
      for (let k = 0; k < columns; k++) line[k]! += factor * of[k]!;
    }
    for (let k = 0; k < columns; k++) result[row * columns + k]! -= line[k]!;
  }
  return result;
}
