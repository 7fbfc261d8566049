import type { PictureSize } from "./picture";
import type { Pixels } from "./picture-pixels";
import { bicubic, type PixelBox, resizedPixels } from "./resample";

/** A part of an image. */
export function cutPixels({ width, data }: Pixels, { left, top, right, bottom }: PixelBox): Pixels {
  const result = new Uint8Array((right - left) * (bottom - top) * 3);
  for (let row = top; row < bottom; row++) {
    const start = (row * width + left) * 3;
    result.set(data.subarray(start, start + (right - left) * 3), (row - top) * (right - left) * 3);
  }
  return { width: right - left, height: bottom - top, data: result };
}

/**
 * The whole image in the middle of a size, as large as it goes; where that leaves borders, its edges are stretched over
 * them: diffusers' resize mode "fill".
 */
export function filledPixels(image: Pixels, size: PictureSize): Pixels {
  const isWider = size.width / size.height < image.width / image.height;
  const inner = scaled(image, size, isWider);
  const [left, top] = middle(size, inner);
  const result = placed(inner, size, left, top);
  const edge = (to: PictureSize, at: PixelBox): Pixels => resizedPixels(inner, to, bicubic, at);
  if (isWider && top > 0) {
    const border = { width: size.width, height: top };
    place(result, edge(border, { left: 0, top: 0, right: size.width, bottom: 0 }), 0, 0);
    const last = { left: 0, top: inner.height, right: size.width, bottom: inner.height };
    place(result, edge(border, last), 0, top + inner.height);
  } else if (!isWider && left > 0) {
    const border = { width: left, height: size.height };
    place(result, edge(border, { left: 0, top: 0, right: 0, bottom: size.height }), 0, 0);
    const last = { left: inner.width, top: 0, right: inner.width, bottom: size.height };
    place(result, edge(border, last), left + inner.width, 0);
  }
  return result;
}

/** The image as small as it covers a size, around its middle: diffusers' resize mode "crop". */
export function coveredPixels(image: Pixels, size: PictureSize): Pixels {
  const inner = scaled(image, size, size.width / size.height > image.width / image.height);
  return placed(inner, size, ...middle(size, inner));
}

/** The middle of an image, which is not scaled; black beyond it. Of what is odd, one more is cut off behind. */
export function middlePixels(image: Pixels, size: PictureSize): Pixels {
  const [left, top] = [Math.floor((image.width - size.width) / 2), Math.floor((image.height - size.height) / 2)];
  return placed(image, size, -left, -top);
}

/** With its proportions, as wide as a size or as high. */
function scaled(image: Pixels, { width, height }: PictureSize, byWidth: boolean): Pixels {
  const to = byWidth
    ? { width, height: Math.floor((image.height * width) / image.width) }
    : { width: Math.floor((image.width * height) / image.height), height };
  return resizedPixels(image, to);
}

function middle(outer: PictureSize, inner: PictureSize): [left: number, top: number] {
  const place = (from: number, to: number): number => Math.floor(from / 2) - Math.floor(to / 2);
  return [place(outer.width, inner.width), place(outer.height, inner.height)];
}

function placed(image: Pixels, { width, height }: PictureSize, left: number, top: number): Pixels {
  const result = { width, height, data: new Uint8Array(width * height * 3) };
  place(result, image, left, top);
  return result;
}

/** Writes an image over another one, as far as it lies on it. */
function place(onto: Pixels, { width, height, data }: Pixels, left: number, top: number): void {
  const [from, to] = [Math.max(0, -left), Math.min(width, onto.width - left)];
  if (to <= from) return;
  for (let row = Math.max(0, -top); row < Math.min(height, onto.height - top); row++) {
    const line = data.subarray((row * width + from) * 3, (row * width + to) * 3);
    onto.data.set(line, ((row + top) * onto.width + left + from) * 3);
  }
}
