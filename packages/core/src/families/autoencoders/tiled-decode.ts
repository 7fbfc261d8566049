import { concat } from "../../loop/concat";
import { type Floats, floats } from "../../tensor";

/** Sides of square tiles, before and after the autoencoder's half that runs on them. */
export interface TileSizes {
  readonly from: number;
  readonly to: number;
  /** Share of a tile that it has in common with its neighbour; default 0.25. */
  readonly overlap?: number;
}

const OVERLAP = 0.25;

/** Whether an image is larger than one tile. @param image `[1, C, H, W]` */
export function needsTiles({ shape }: Floats, side: number): boolean {
  return shape[2]! > side || shape[3]! > side;
}

/** From the beginning of one tile to that of the next. */
export function tileStride(side: number, overlap = OVERLAP): number {
  return Math.floor(side * (1 - overlap));
}

/**
 * Decodes or encodes an image in overlapping tiles that are blended into each other, as AutoencoderKL's
 * `enable_tiling` does it. Where `to` is no multiple of 4 the result is not of the size that it has without tiles;
 * the reference's is not, either.
 *
 * @param image `[1, C, H, W]`
 * @param run one tile's result, `[1, D, *, *]`, about `to / from` times as large
 */
export async function inTiles(
  image: Floats,
  { from, to, overlap = OVERLAP }: TileSizes,
  run: (tile: Floats) => Promise<Floats>,
): Promise<Floats> {
  const [, , height, width] = image.shape as [number, number, number, number];
  const stride = tileStride(from, overlap);
  const blend = Math.floor(to * overlap);
  const kept = to - blend; // the rest is the next tile's to show
  const rows: Floats[] = [];
  let above: Floats[] = [];
  for (let y = 0; y < height; y += stride) {
    const row: Floats[] = [];
    for (let x = 0; x < width; x += stride) {
      const tile = await run(crop(image, y, x, from));
      if (above.length > 0) blendRows(above[row.length]!, tile, blend);
      if (row.length > 0) blendColumns(row.at(-1)!, tile, blend);
      row.push(tile);
    }
    const shown = row.map((tile) => crop(tile, 0, 0, kept));
    rows.push(concat(shown, 3));
    above = row;
  }
  return concat(rows, 2);
}

/** At most `side` rows and columns from a place on. */
function crop({ shape, data }: Floats, top: number, left: number, side: number): Floats {
  const [batch, channels, height, width] = shape as [number, number, number, number];
  const result = floats([batch, channels, Math.min(side, height - top), Math.min(side, width - left)]);
  const columns = result.shape[3]!;
  forEachRow(result.shape, (plane, row, at) => {
    const start = (plane * height + top + row) * width + left;
    result.data.set(data.subarray(start, start + columns), at);
  });
  return result;
}

/** Fades the first rows of `below` in over the last rows of `above`. */
function blendRows(above: Floats, below: Floats, most: number): void {
  const [, , height, width] = below.shape as [number, number, number, number];
  const last = above.shape[2]!;
  const extent = Math.min(last, height, most);
  forEachRow(below.shape, (plane, row, at) => {
    if (row >= extent) return;
    const share = row / extent;
    const other = (plane * last + last - extent + row) * width;
    for (let x = 0; x < width; x++)
      below.data[at + x] = above.data[other + x]! * (1 - share) + below.data[at + x]! * share;
  });
}

/** Fades the first columns of `right` in over the last columns of `left`. */
function blendColumns(left: Floats, right: Floats, most: number): void {
  const [last, width] = [left.shape[3]!, right.shape[3]!];
  const extent = Math.min(last, width, most);
  forEachRow(right.shape, (plane, row, at) => {
    const other = (plane * left.shape[2]! + row) * last + last - extent;
    for (let x = 0; x < extent; x++)
      right.data[at + x] = left.data[other + x]! * (1 - x / extent) + right.data[at + x]! * (x / extent);
  });
}

/** Calls with each row of each plane, and where it begins. */
function forEachRow(shape: readonly number[], visit: (plane: number, row: number, at: number) => void): void {
  const [batch, channels, height, width] = shape as [number, number, number, number];
  for (let plane = 0; plane < batch * channels; plane++)
    for (let row = 0; row < height; row++) visit(plane, row, (plane * height + row) * width);
}
