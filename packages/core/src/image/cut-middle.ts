import { type Floats, floats } from "../tensor";

/**
 * What lies around the middle of an image, black beyond it; of what is odd, one more is cut off behind.
 * @param image `[1, C, H, W]`, -1..1 @returns `[1, C, height, width]`
 */
export function cutMiddle(image: Floats, height: number, width: number): Floats {
  const [, channels, fromHeight, fromWidth] = image.shape as [number, number, number, number];
  const [top, left] = [Math.floor((fromHeight - height) / 2), Math.floor((fromWidth - width) / 2)];
  const result = floats([1, channels, height, width]);
  result.data.fill(-1);
  const [from, to] = [Math.max(0, left), Math.min(fromWidth, left + width)];
  for (let row = 0; row < channels * height; row++) {
    const y = top + (row % height);
    if (y < 0 || y >= fromHeight) continue;
    const start = (Math.floor(row / height) * fromHeight + y) * fromWidth;
    result.data.set(image.data.subarray(start + from, start + to), row * width + from - left);
  }
  return result;
}
