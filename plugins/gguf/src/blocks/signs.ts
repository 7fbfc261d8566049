import type { Grid } from "./grids";

/** The sign byte of a seven-bit index: its eighth bit makes the number of ones even. */
export const signBytes = Uint8Array.from({ length: 128 }, (_, index) => {
  let ones = 0;
  for (let bit = 0; bit < 7; bit++) ones += (index >> bit) & 1;
  return index | ((ones & 1) << 7);
});

/**
 * Puts a row of a grid in its place, negative where a bit of `signs` is set.
 * @param width of the grid's rows: 4 or 8
 */
export function writeSigned(codes: Int8Array, at: number, grid: Grid, row: number, width: number, signs: number): void {
  for (let i = 0; i < width; i++) {
    const magnitude = grid[width * row + i]!;
    codes[at + i] = (signs >> i) & 1 ? -magnitude : magnitude;
  }
}
