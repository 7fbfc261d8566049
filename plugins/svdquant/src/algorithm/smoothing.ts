import { type Matrix, scaleColumns } from "@skipstep/lowbit";

/** The largest magnitudes by input channel, `[K]` each: of what a group of linears is given, and of their weights. */
export interface Spans {
  readonly inputs: Float32Array;
  readonly weights: Float32Array;
}

/** `s = inputs^alpha / weights^beta` */
export interface Strength {
  readonly alpha: number;
  readonly beta: number;
}

/** What the search tries. @param grid into how many parts 0..1 is divided */
export function strengths(grid: number): Strength[] {
  const alphas = Array.from({ length: Math.max(0, grid - 1) }, (_, i) => (i + 1) / grid);
  return [
    { alpha: 0, beta: 0 },
    ...alphas.map((alpha) => ({ alpha, beta: 0 })),
    ...alphas.map((alpha) => ({ alpha, beta: 1 - alpha })),
  ];
}

/** The largest magnitude in each column of all weights. */
export function weightSpans(weights: readonly Matrix[]): Float32Array {
  const spans = new Float32Array(weights[0]!.columns);
  for (const { values, rows, columns } of weights)
    for (let row = 0; row < rows; row++)
      for (let k = 0; k < columns; k++) {
        const size = Math.abs(values[row * columns + k]!);
        if (size > spans[k]!) spans[k] = size;
      }
  return spans;
}

/** What inputs are divided by and weights multiplied with, `[K]`. 1 for dead channels; 1 everywhere when one is not finite. */
export function smoothingScales({ inputs, weights }: Spans, { alpha, beta }: Strength): Float32Array {
  const scales = inputs.map((input, k) => input ** alpha / weights[k]! ** beta || 1);
  return scales.every(Number.isFinite) ? scales : scales.fill(1);
}

/** `W diag(scales)` */
export function scaledColumns(matrix: Matrix, scales: Float32Array): Matrix {
  return { ...matrix, values: scaleColumns(matrix, scales) };
}

/** `x diag(1 / scales)` */
export function dividedColumns(matrix: Matrix, scales: Float32Array): Matrix {
  return scaledColumns(
    matrix,
    scales.map((scale) => 1 / scale),
  );
}
