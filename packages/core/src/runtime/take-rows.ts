/**
 * Rows of a table by their positions, in the order asked for.
 * @param count rows of the table @returns a part of the table itself where they follow each other in it
 */
export function takeRows(table: Float32Array, count: number, rows: readonly number[]): Float32Array {
  const length = table.length / count;
  const [first = 0] = rows;
  const rowAt = (row: number): Float32Array => table.subarray(row * length, (row + 1) * length);
  if (rows.every((row, i) => row === first + i)) return table.subarray(first * length, (first + rows.length) * length);
  const taken = new Float32Array(rows.length * length);
  for (const [i, row] of rows.entries()) taken.set(rowAt(row), i * length);
  return taken;
}
