import { type Floats, floats } from "../tensor";

/** What lies around the middle of an image; of what is odd, one more is cut off behind. @param image `[1, C, H, W]` @returns `[1, C, height, width]` */
export function cutMiddle(image: Floats, height: number, width: number): Floats {
  const [, channels, fromHeight, fromWidth] = image.shape as [number, number, number, number];
  const [top, left] = [Math.floor((fromHeight - height) / 2), Math.floor((fromWidth - width) / 2)];
  const result = floats([1, channels, height, width]);
  for (let row = 0; row < channels * height; row++) {
    const start = (Math.floor(row / height) * fromHeight + top + (row % height)) * fromWidth + left;
    result.data.set(image.data.subarray(start, start + width), row * width);
  }
  return result;
}
