import type { Matrix } from "@skipstep/lowbit";
import type { Columns } from "./columns";
import { timesColumns } from "./matrix-columns";

/** Tokens as they come, and as the quantized layer sees them: the same object where it rounds none. */
export interface Tokens {
  readonly exact: Matrix;
  readonly seen: Matrix;
}

/**
 * `sum (x R^T - x' R'^T)^2`: what the rounding of a residual `R` to `R'`, and of inputs `x` to `x'`, does to the outputs.
 * The low-rank branch is exact and drops out.
 * @param residual `[N, K]` @param back `[N, K]`
 */
export function outputError({ exact, seen }: Tokens, residual: Matrix, back: Float32Array): number {
  if (exact === seen) {
    const values = residual.values.map((value, i) => value - back[i]!);
    return sumOfSquares(timesColumns({ ...residual, values }, tokensOf([exact])));
  }
  const { rows, columns } = residual;
  const values = new Float32Array(2 * rows * columns);
  for (let row = 0; row < rows; row++) {
    const [from, end] = [row * columns, (row + 1) * columns];
    values.set(residual.values.subarray(from, end), 2 * from);
    values.set(back.subarray(from, end), 2 * from + columns);
  }
  const negative = { ...seen, values: seen.values.map((value) => -value) };
  return sumOfSquares(timesColumns({ values, rows, columns: 2 * columns }, tokensOf([exact, negative])));
}

/** `sum (x W^T)^2` */
export function outputSize(inputs: Matrix, weight: Matrix): number {
  return sumOfSquares(timesColumns(weight, tokensOf([inputs])));
}

/** Each token a column; those of several matrices one under the other. */
function tokensOf(parts: readonly Matrix[]): Columns {
  const [{ rows, columns }] = parts as [Matrix];
  return Array.from({ length: rows }, (_, row) => {
    const token = new Float64Array(parts.length * columns);
    for (const [i, { values }] of parts.entries())
      token.set(values.subarray(row * columns, (row + 1) * columns), i * columns);
    return token;
  });
}

function sumOfSquares(columns: Columns): number {
  return columns.reduce((sum, column) => sum + column.reduce((part, x) => part + x * x, 0), 0);
}
