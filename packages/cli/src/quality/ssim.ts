import type { Image } from "@skipstep/core";
import { ssim as measure } from "ssim.js";

/** Mean structural similarity of the gray images, Wang et al. 2004, Gaussian window of 11 pixels; 1 for equal images. */
export function ssim(a: Image, b: Image): number {
  return measure(withAlpha(a), withAlpha(b), { ssim: "fast", rgb2grayVersion: "original", downsample: false }).mssim;
}

function withAlpha({ data, width, height }: Image): { data: Uint8ClampedArray; width: number; height: number } {
  const rgba = new Uint8ClampedArray(4 * width * height);
  for (let i = 0; i < width * height; i++) rgba.set(data.subarray(3 * i, 3 * i + 3), 4 * i);
  return { data: rgba, width, height };
}
