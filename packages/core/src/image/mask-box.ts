import type { PictureSize } from "./picture";
import type { PixelBox } from "./resample";

/**
 * The part of an image around all that its mask shows: grown by `padding`, and to the proportions of what is drawn, as far
 * as the image goes. Halves of pixels and borders fall as in diffusers' `get_crop_region`.
 * @param mask `[height, width]`, 0 is kept @param drawn what the part is drawn at
 * @returns `undefined` for a mask that shows nothing
 */
export function maskBox(
  mask: Uint8Array,
  { width, height }: PictureSize,
  drawn: PictureSize,
  padding: number,
): PixelBox | undefined {
  let [left, top, right, bottom] = [width, height, 0, 0];
  for (let y = 0, at = 0; y < height; y++)
    for (let x = 0; x < width; x++, at++) {
      if (mask[at] === 0) continue;
      [left, right] = [Math.min(left, x), Math.max(right, x + 1)];
      [top, bottom] = [Math.min(top, y), y + 1];
    }
  if (right === 0) return undefined;
  [left, top] = [Math.max(left - padding, 0), Math.max(top - padding, 0)];
  [right, bottom] = [Math.min(right + padding, width), Math.min(bottom + padding, height)];
  const proportion = drawn.width / drawn.height;
  if ((right - left) / (bottom - top) > proportion)
    [top, bottom] = grown(top, bottom, (right - left) / proportion, height);
  else [left, right] = grown(left, right, (bottom - top) * proportion, width);
  return { left, top, right, bottom };
}

/** A stretch that is about as long as wanted, moved to where there is room. @param most its largest end */
function grown(start: number, end: number, wanted: number, most: number): [number, number] {
  const more = Math.trunc(wanted - (end - start));
  let [from, to] = [start - Math.floor(more / 2), end + more - Math.floor(more / 2)];
  if (to >= most) [from, to] = [from - (to - most), most];
  if (from < 0) [from, to] = [0, to - from];
  return [from, Math.min(to, most)];
}
