/**
 * Scales of blocks in the order that cuBLAS wants: tiles of 128 rows and 4 columns, in which four runs of 32 rows lie side
 * by side, https://docs.nvidia.com/cuda/cublas/#d-block-scaling-factors-layout.
 *
 * @param stored filled up to whole tiles
 * @returns `[rows, columns]`
 */
export function unswizzled(stored: Float32Array, rows: number, columns: number): Float32Array {
  const across = Math.ceil(columns / 4);
  const result = stored.slice(0, rows * columns);
  for (let row = 0; row < rows; row++)
    for (let column = 0; column < columns; column++) {
      const tile = (row >> 7) * across + (column >> 2);
      result[row * columns + column] = stored[tile * 512 + (row & 31) * 16 + ((row >> 5) & 3) * 4 + (column & 3)]!;
    }
  return result;
}

/** Elements of swizzled scales for so many rows and columns of blocks. */
export function swizzledSize(rows: number, columns: number): number {
  return Math.ceil(rows / 128) * 128 * Math.ceil(columns / 4) * 4;
}
