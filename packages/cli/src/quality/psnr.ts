import type { Image } from "@skipstep/core";

/** Peak signal-to-noise ratio of the pixels in bytes, all three colours together, in dB; infinite for equal images. */
export function psnr(a: Image, b: Image): number {
  let sum = 0;
  for (let i = 0; i < a.data.length; i++) sum += (a.data[i]! - b.data[i]!) ** 2;
  return 10 * Math.log10((255 ** 2 * a.data.length) / sum);
}

/** The highest that an image which is not equal can have: one byte of it is off by one. */
export function highestPsnr({ data }: Pick<Image, "data">): number {
  return 10 * Math.log10(255 ** 2 * data.length);
}
