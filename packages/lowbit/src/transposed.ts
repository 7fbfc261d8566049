/** `[rows, columns]` to `[columns, rows]`. Goes 64 rows at a time, so that what is written stays in the cache. */
export function transposed<Values extends Int8Array | Float32Array>(
  values: Values,
  rows: number,
  columns: number,
): Values {
  const result = values.slice() as Values;
  for (let top = 0; top < rows; top += 64) {
    const bottom = Math.min(top + 64, rows);
    for (let column = 0; column < columns; column++)
      for (let row = top; row < bottom; row++) result[column * rows + row] = values[row * columns + column]!;
  }
  return result;
}
