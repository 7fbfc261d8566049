import type { Matrix } from "./update-matrix";

/** An update as a product: `left @ right`, `[N, r]` and `[r, K]`. */
export interface Factors {
  readonly left: Matrix;
  readonly right: Matrix;
}

/**
 * Two products multiplied element by element are one product of all pairs of columns, and of rows:
 * `(A B) * (C D) = sum over i, j of (A_i * C_j) (B_i * D_j)`.
 */
export function hadamardFactors(a: Factors, b: Factors): Factors {
  const ranks = [a.left.columns, b.left.columns] as const;
  const rank = ranks[0] * ranks[1];
  const { rows } = a.left;
  const { columns } = a.right;
  const [left, right] = [new Float32Array(rows * rank), new Float32Array(rank * columns)];
  for (let i = 0; i < ranks[0]; i++)
    for (let j = 0; j < ranks[1]; j++) {
      const at = i * ranks[1] + j;
      for (let row = 0; row < rows; row++)
        left[row * rank + at] = a.left.values[row * ranks[0] + i]! * b.left.values[row * ranks[1] + j]!;
      for (let k = 0; k < columns; k++)
        right[at * columns + k] = a.right.values[i * columns + k]! * b.right.values[j * columns + k]!;
    }
  return { left: { rows, columns: rank, values: left }, right: { rows: rank, columns, values: right } };
}

/** The Kronecker product of two products is the product of two Kronecker products. */
export function kroneckerFactors(a: Factors, b: Factors): Factors {
  return { left: kroneckerOf(a.left, b.left), right: kroneckerOf(a.right, b.right) };
}

function kroneckerOf(a: Matrix, b: Matrix): Matrix {
  const [rows, columns] = [a.rows * b.rows, a.columns * b.columns];
  const values = new Float32Array(rows * columns);
  for (let i = 0; i < a.rows; i++)
    for (let j = 0; j < a.columns; j++) {
      const times = a.values[i * a.columns + j]!;
      if (times === 0) continue;
      for (let k = 0; k < b.rows; k++)
        for (let l = 0; l < b.columns; l++)
          values[(i * b.rows + k) * columns + j * b.columns + l] = times * b.values[k * b.columns + l]!;
    }
  return { rows, columns, values };
}
