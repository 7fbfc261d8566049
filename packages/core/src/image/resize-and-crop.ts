import { type Floats, floats } from "../tensor";

/**
 * Brings images to a size: scaled by bilinear interpolation so that they cover it, then cut to it around the middle.
 * @param images `[B, C, H, W]` @returns `[B, C, height, width]`
 */
export function resizeAndCrop(images: Floats, height: number, width: number): Floats {
  const [batch, channels, fromHeight, fromWidth] = images.shape as [number, number, number, number];
  if (fromHeight === height && fromWidth === width) return images;
  const ratio = Math.max(height / fromHeight, width / fromWidth);
  const ys = middleOf(taps(fromHeight, covering(fromHeight, ratio, height)), height);
  const xs = middleOf(taps(fromWidth, covering(fromWidth, ratio, width)), width);
  const result = floats([batch, channels, height, width]);
  let at = 0;
  for (let plane = 0; plane < batch * channels; plane++) {
    const pixels = images.data.subarray(plane * fromHeight * fromWidth, (plane + 1) * fromHeight * fromWidth);
    for (const y of ys) {
      const [above, below] = [y.first * fromWidth, y.second * fromWidth];
      for (const x of xs) {
        const top = mix(pixels[above + x.first]!, pixels[above + x.second]!, x.share);
        const bottom = mix(pixels[below + x.first]!, pixels[below + x.second]!, x.share);
        result.data[at++] = mix(top, bottom, y.share);
      }
    }
  }
  return result;
}

/** The two pixels that one of the scaled image lies between. */
interface Tap {
  readonly first: number;
  readonly second: number;
  /** Of the second; the first has the rest. */
  readonly share: number;
}

/** A side after scaling, rounded down, but no smaller than what is cut from it. */
function covering(side: number, ratio: number, least: number): number {
  return Math.max(least, Math.trunc(side * ratio));
}

/** Pixels are points in the middle of their squares. Positions are rounded to float32 as the reference does. */
function taps(from: number, to: number): Tap[] {
  const scale = Math.fround(from / to);
  return Array.from({ length: to }, (_, i) => {
    const position = Math.max(0, Math.fround(Math.fround(scale * (i + 0.5)) - 0.5));
    const first = Math.min(Math.floor(position), from - 1);
    return { first, second: Math.min(first + 1, from - 1), share: position - first };
  });
}

function middleOf<Entry>(entries: readonly Entry[], count: number): readonly Entry[] {
  const start = Math.floor((entries.length - count) / 2);
  return entries.slice(start, start + count);
}

function mix(a: number, b: number, share: number): number {
  return a * (1 - share) + b * share;
}
