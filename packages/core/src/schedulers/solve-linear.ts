/** The x with `rows x = right`, by Gaussian elimination with row pivots; for the few equations of a multistep method. */
export function solveLinear(rows: readonly (readonly number[])[], right: readonly number[]): number[] {
  const n = right.length;
  const system = rows.map((row, i) => [...row, right[i]!]);
  for (let column = 0; column < n; column++) {
    let pivot = column;
    for (let i = column; i < n; i++) {
      if (Math.abs(system[i]![column]!) > Math.abs(system[pivot]![column]!)) pivot = i;
    }
    [system[column], system[pivot]] = [system[pivot]!, system[column]!];
    for (let i = column + 1; i < n; i++) {
      const factor = system[i]![column]! / system[column]![column]!;
      for (let j = column; j <= n; j++) system[i]![j]! -= factor * system[column]![j]!;
    }
  }
  const x = new Array<number>(n).fill(0);
  for (let i = n - 1; i >= 0; i--) {
    const known = x.reduce((sum, value, j) => (j > i ? sum + system[i]![j]! * value : sum), 0);
    x[i] = (system[i]![n]! - known) / system[i]![i]!;
  }
  return x;
}
