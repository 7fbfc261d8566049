import { sizeOf } from "../../../tensor";

/** Where each element of a matrix finds its scale: one for a tile of rows and columns. */
export interface Grid {
  readonly rowsPer: number;
  readonly columnsPer: number;
  /** Tiles side by side. */
  readonly columns: number;
}

/** Sizes of blocks that people scale by. The first that fits counts, so that ragged edges are understood. */
const usualBlocks = [128, 64, 32, 16, 256, 512, 1024];

/**
 * The grid that scales of some shape lie on: one for all, one a row, one a group of a row, or one a block of rows and
 * columns. Edges may be ragged.
 * @param rows of the weight @param width elements of a row
 * @param block rows and columns of a block, where they are told
 * @returns `undefined` for scales that fit no grid
 */
export function gridOf(
  rows: number,
  width: number,
  scales: readonly number[],
  block?: readonly [rows: number, columns: number],
): Grid | undefined {
  if (sizeOf(scales) === 1) return { rowsPer: Math.max(1, rows), columnsPer: Math.max(1, width), columns: 1 };
  const [down = 1, across = 1, ...more] = scales;
  if (sizeOf(more) !== 1) return undefined;
  const rowsPer = down === rows ? 1 : tileSize(rows, down, block?.[0]);
  const columnsPer = tileSize(width, across, block?.[1]);
  return rowsPer && columnsPer ? { rowsPer, columnsPer, columns: across } : undefined;
}

function tileSize(length: number, count: number, told: number | undefined): number | undefined {
  const fits = (size: number): boolean => Number.isInteger(size) && Math.ceil(length / size) === count;
  if (count === 1) return Math.max(1, length);
  if (told !== undefined) return fits(told) ? told : undefined;
  if (length % count === 0 && !fits(128)) return length / count;
  return usualBlocks.find(fits);
}

/** Calls `visit` for every run of elements in some rows that share a scale. */
export function eachRun(
  { rowsPer, columnsPer, columns }: Grid,
  width: number,
  first: number,
  count: number,
  visit: (from: number, to: number, scale: number) => void,
): void {
  for (let row = 0; row < count; row++) {
    const line = Math.floor((first + row) / rowsPer) * columns;
    for (let column = 0, tile = line; column < width; column += columnsPer, tile++)
      visit(row * width + column, row * width + Math.min(column + columnsPer, width), tile);
  }
}

/** Numbers by tile, read when they are first asked for. */
export interface Tiles {
  readonly grid: Grid;
  read(): Float32Array;
}

/** `values *= tiles` on some rows. */
export function multiplyTiles(
  values: Float32Array,
  { grid, read }: Tiles,
  width: number,
  first: number,
  count: number,
): void {
  const scales = read();
  eachRun(grid, width, first, count, (from, to, tile) => {
    const scale = scales[tile]!;
    for (let i = from; i < to; i++) values[i]! *= scale;
  });
}

/** `values += factor tiles` on some rows. */
export function addTiles(
  values: Float32Array,
  { grid, read }: Tiles,
  factor: 1 | -1,
  width: number,
  first: number,
  count: number,
): void {
  const offsets = read();
  eachRun(grid, width, first, count, (from, to, tile) => {
    const offset = factor * offsets[tile]!;
    for (let i = from; i < to; i++) values[i]! += offset;
  });
}

/** Reads once while the numbers are needed: those of a whole model would be many. */
export function kept(read: () => Float32Array): () => Float32Array {
  let last: WeakRef<Float32Array> | undefined;
  return () => {
    const values = last?.deref() ?? read();
    last = new WeakRef(values);
    return values;
  };
}
