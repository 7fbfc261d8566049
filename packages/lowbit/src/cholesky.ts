/**
 * Lower triangular `L` with `L L^T = matrix`, float64.
 * @param matrix `[n, n]`, symmetric; its lower half is replaced by `L`
 * @returns false when it is not positive definite
 */
export function cholesky(matrix: Float64Array, n: number): boolean {
  for (let row = 0; row < n; row++) {
    const of = matrix.subarray(row * n, row * n + n);
    for (let column = 0; column <= row; column++) {
      const other = matrix.subarray(column * n, column * n + column);
      let sum = of[column]!;
      for (let k = 0; k < column; k++) sum -= of[k]! * other[k]!;
      if (column < row) of[column] = sum / matrix[column * n + column]!;
      else if (sum > 0) of[row] = Math.sqrt(sum);
      else return false;
    }
  }
  return true;
}

/**
 * Upper triangular `U` with `U^T U = matrix^-1`: the factor that GPTQ corrects by. With `matrix = R R^T`, `R` upper
 * triangular, it is `R^-1`; and `R` is Cholesky's factor of the matrix with rows and columns in reverse.
 * @param matrix `[n, n]`, symmetric @returns `undefined` when it is not positive definite
 */
export function inverseFactor(matrix: Float64Array, n: number): Float64Array | undefined {
  const lower = Float64Array.from(matrix).reverse(); // both axes
  if (!cholesky(lower, n)) return undefined;
  const inverse = new Float64Array(n * n);
  // Row by row of L^-1: row i is (e_i - sum over k < i of L_ik * row k) / L_ii.
  for (let row = 0; row < n; row++) {
    const target = inverse.subarray(row * n, row * n + row + 1);
    for (let k = 0; k < row; k++) {
      const factor = lower[row * n + k]!;
      if (factor === 0) continue;
      const source = inverse.subarray(k * n, k * n + k + 1);
      for (let column = 0; column <= k; column++) target[column]! -= factor * source[column]!;
    }
    const diagonal = lower[row * n + row]!;
    for (let column = 0; column < row; column++) target[column]! /= diagonal;
    target[row] = 1 / diagonal;
  }
  return inverse.reverse();
}
