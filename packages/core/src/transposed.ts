import type { TensorData } from "./tensor";

/** `[rows, columns]` to `[columns, rows]`, eight rows at a time: eight streams are read and eight elements in a row written. */
export function transposed<Values extends TensorData>(source: Values, rows: number, columns: number): Values {
  const values = source as Float32Array; // of whichever type, elements are moved as they are
  const result = new (values.constructor as Float32ArrayConstructor)(values.length);
  const even = rows - (rows % 8);
  for (let top = 0; top < even; top += 8)
    for (let column = 0; column < columns; column++) {
      const from = top * columns + column;
      const to = column * rows + top;
      // Written out because V8 does not unroll: 1.5 to 2 times as fast as tiles.
      result[to] = values[from]!;
      result[to + 1] = values[from + columns]!;
      result[to + 2] = values[from + 2 * columns]!;
      result[to + 3] = values[from + 3 * columns]!;
      result[to + 4] = values[from + 4 * columns]!;
      result[to + 5] = values[from + 5 * columns]!;
      result[to + 6] = values[from + 6 * columns]!;
      result[to + 7] = values[from + 7 * columns]!;
    }
  for (let row = even; row < rows; row++)
    for (let column = 0; column < columns; column++) result[column * rows + row] = values[row * columns + column]!;
  return result as Values;
}
