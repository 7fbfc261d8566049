import type { Pixels } from "./picture-pixels";
import type { PixelBox } from "./resample";

/**
 * A drawn part in the image that it is a part of: there all of it where the mask is white, and less the darker the mask
 * is. Each rounding is Pillow's: alpha is multiplied in, divided out again, and composited.
 * @param part as large as `box` @param mask `[height, width]` of the whole image
 */
export function pastedPixels(
  whole: Pixels,
  part: Pixels,
  { left, top, right, bottom }: PixelBox,
  mask: Uint8Array,
): Pixels {
  const data = new Uint8Array(whole.data.length);
  for (let pixel = 0; pixel < mask.length; pixel++) {
    const [x, y] = [pixel % whole.width, Math.floor(pixel / whole.width)];
    const isInside = x >= left && x < right && y >= top && y < bottom;
    const alpha = 255 - mask[pixel]!;
    for (let channel = 0; channel < 3; channel++) {
      const drawn = isInside ? part.data[((y - top) * part.width + x - left) * 3 + channel]! : 0;
      data[pixel * 3 + channel] = composite(whole.data[pixel * 3 + channel]!, drawn, alpha);
    }
  }
  return { ...whole, data };
}

function composite(over: number, under: number, alpha: number): number {
  if (alpha === 0 || alpha === 255) return alpha === 0 ? under : over;
  const kept = Math.min(255, Math.floor((255 * by255(over * alpha)) / alpha));
  return by255(kept * alpha + under * (255 - alpha));
}

/** Divided by 255 and rounded, as whole numbers do it. */
function by255(x: number): number {
  const more = x + 128;
  return ((more >> 8) + more) >> 8;
}
