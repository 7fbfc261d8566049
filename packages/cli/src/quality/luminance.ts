import type { Image } from "@skipstep/core";

/** Gray values from the top left, `[height, width]`, 0..255: ITU-R BT.601. */
export function luminance({ data, width, height }: Image): Float64Array {
  const gray = new Float64Array(width * height);
  for (let i = 0; i < gray.length; i++)
    gray[i] = 0.299 * data[3 * i]! + 0.587 * data[3 * i + 1]! + 0.114 * data[3 * i + 2]!;
  return gray;
}
