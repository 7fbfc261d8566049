import type { Pixels } from "./picture-pixels";

/** What a pixel of a resized image is made of: weights by distance, in pixels of the smaller of the two images. */
export interface ResizeFilter {
  /** Beyond this distance nothing counts. */
  readonly reach: number;
  weight(distance: number): number;
}

/** A part of an image, in pixels: from its left and top to before its right and bottom. */
export interface PixelBox {
  readonly left: number;
  readonly top: number;
  readonly right: number;
  readonly bottom: number;
}

/** A windowed sinc of three lobes. */
export const lanczos: ResizeFilter = { reach: 3, weight: (x) => (x > -3 && x < 3 ? sinc(x) * sinc(x / 3) : 0) };

/** Cubic convolution with a = -0.5. */
export const bicubic: ResizeFilter = {
  reach: 2,
  weight: (signed) => {
    const x = Math.abs(signed);
    if (x < 1) return (1.5 * x - 2.5) * x * x + 1;
    return x < 2 ? (((x - 5) * x + 8) * x - 4) * -0.5 : 0;
  },
};

/**
 * Pixels at another size, to the bit as Pillow's `Image.resize` makes them (docs/decisions.md): along rows and along
 * columns, in 8 bits in between; what is made smaller is averaged over all that it covers.
 * @param box the part that is resized; an empty one takes what lies at it; all of the image when left out
 */
export function resizedPixels(
  from: Pixels,
  { width, height }: Omit<Pixels, "data">,
  filter: ResizeFilter = lanczos,
  { left, top, right, bottom }: PixelBox = { left: 0, top: 0, right: from.width, bottom: from.height },
): Pixels {
  const wide = (pixels: Pixels): Pixels =>
    isWhole(from.width, width, left, right) ? pixels : widened(pixels, tapsOf(from.width, width, left, right, filter));
  const high = (pixels: Pixels): Pixels =>
    isWhole(from.height, height, top, bottom)
      ? pixels
      : heightened(pixels, tapsOf(from.height, height, top, bottom, filter));
  return width > from.width && height < from.height ? wide(high(from)) : high(wide(from)); // the smaller one in between
}

function isWhole(from: number, to: number, start: number, end: number): boolean {
  return from === to && start === 0 && end === from;
}

/** Weights are whole numbers of so many bits behind the point, as Pillow's are for images of 8 bits. */
const BITS = 22;
/** Rounds a sum when it is cut off. */
const HALF = 2 ** (BITS - 1);

/** What one pixel is made of along a line. */
interface Taps {
  readonly first: number;
  readonly weights: Float64Array;
}

function tapsOf(from: number, to: number, start: number, end: number, { reach, weight }: ResizeFilter): Taps[] {
  const scale = (end - start) / to;
  const stretch = Math.max(1, scale);
  return Array.from({ length: to }, (_, i) => {
    const centre = start + (i + 0.5) * scale;
    const first = Math.max(0, Math.trunc(centre - reach * stretch + 0.5));
    const behind = Math.min(from, Math.trunc(centre + reach * stretch + 0.5));
    const raw = Float64Array.from({ length: behind - first }, (__, at) =>
      weight((at + first - centre + 0.5) / stretch),
    );
    const sum = raw.reduce((total, one) => total + one, 0);
    return { first, weights: raw.map((one) => rounded((sum === 0 ? one : one / sum) * 2 ** BITS)) };
  });
}

/** Halves away from zero. */
function rounded(x: number): number {
  return Math.trunc(x < 0 ? x - 0.5 : x + 0.5);
}

/** Every pixel of a row out of several of that row. */
function widened({ width, height, data }: Pixels, taps: readonly Taps[]): Pixels {
  const result = new Uint8Array(taps.length * height * 3);
  let at = 0;
  for (let row = 0; row < height; row++)
    for (const { first, weights } of taps) {
      let from = (row * width + first) * 3;
      let [red, green, blue] = [HALF, HALF, HALF];
      for (let i = 0; i < weights.length; i++) {
        const weight = weights[i]!;
        red += data[from++]! * weight;
        green += data[from++]! * weight;
        blue += data[from++]! * weight;
      }
      result[at++] = byteOf(red);
      result[at++] = byteOf(green);
      result[at++] = byteOf(blue);
    }
  return { width: taps.length, height, data: result };
}

/** Every row out of several. */
function heightened({ width, data }: Pixels, taps: readonly Taps[]): Pixels {
  const values = width * 3;
  const result = new Uint8Array(taps.length * values);
  const sums = new Float64Array(values);
  for (const [row, { first, weights }] of taps.entries()) {
    sums.fill(HALF);
    for (let i = 0; i < weights.length; i++) {
      const weight = weights[i]!;
      const start = (first + i) * values;
      for (let at = 0; at < values; at++) sums[at]! += data[start + at]! * weight;
    }
    for (let at = 0; at < values; at++) result[row * values + at] = byteOf(sums[at]!);
  }
  return { width, height: taps.length, data: result };
}

/** Of a sum of weights times bytes. */
function byteOf(sum: number): number {
  return Math.min(255, Math.max(0, Math.floor(sum / 2 ** BITS)));
}

function sinc(x: number): number {
  return x === 0 ? 1 : Math.sin(Math.PI * x) / (Math.PI * x);
}
