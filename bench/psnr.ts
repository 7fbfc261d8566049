/** Decibels; the peak is the range of the exact values. */
export function psnr(found: Float32Array, exact: Float32Array): number {
  let [squares, low, high] = [0, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (const [i, value] of exact.entries()) {
    squares += (value - found[i]!) ** 2;
    low = Math.min(low, value);
    high = Math.max(high, value);
  }
  return 10 * Math.log10((high - low) ** 2 / (squares / exact.length));
}
