/** Value of a polynomial. @param coefficients the highest power first */
export function evaluate(coefficients: readonly number[], x: number): number {
  return coefficients.reduce((value, coefficient) => value * x + coefficient, 0);
}

/**
 * The polynomial with the least squares of errors at the points. Columns are scaled and reduced by Householder
 * reflections: powers of small numbers are nearly parallel, which normal equations would square.
 *
 * @param points at least `degree + 1` of different x
 * @returns `degree + 1` coefficients, the highest power first
 */
export function fitPolynomial(points: readonly { readonly x: number; readonly y: number }[], degree: number): number[] {
  const largest = points.reduce((most, { x }) => Math.max(most, Math.abs(x)), 0);
  // Rows of the system: powers of x from 0 up, and y behind them.
  const rows = points.map(({ x, y }) => [...Array.from({ length: degree + 1 }, (_, i) => (x / largest) ** i), y]);
  for (let column = 0; column <= degree; column++) reflect(rows, column);
  const solution: number[] = [];
  for (let i = degree; i >= 0; i--) {
    const row = rows[i]!;
    const known = solution.reduce((sum, value, j) => sum + value * row[degree - j]!, 0);
    solution.push((row[degree + 1]! - known) / row[i]!);
  }
  return solution.map((value, j) => value / largest ** (degree - j));
}

/** Turns the rows so that a column has zeros below the diagonal. */
function reflect(rows: number[][], column: number): void {
  const below = rows.slice(column);
  const length = Math.hypot(...below.map((row) => row[column]!));
  const mirror = below.map((row) => row[column]!);
  mirror[0]! += mirror[0]! < 0 ? -length : length;
  const square = mirror.reduce((sum, value) => sum + value * value, 0);
  if (square === 0) return;
  for (let j = column; j < rows[0]!.length; j++) {
    const along = below.reduce((sum, row, i) => sum + mirror[i]! * row[j]!, 0);
    for (const [i, row] of below.entries()) row[j]! -= (2 * along * mirror[i]!) / square;
  }
}
