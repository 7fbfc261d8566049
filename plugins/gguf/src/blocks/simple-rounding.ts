const { fround } = Math;

/** Largest element by absolute value, the first of equals; with its sign. */
export function extremeOf(values: Float32Array): number {
  let extreme = 0;
  for (const x of values) if (Math.abs(x) > Math.abs(extreme)) extreme = x;
  return extreme;
}

/**
 * Full-range rounding in float32, as ggml computes it: the extreme element becomes the code 0.
 * @param half half of the number of codes: 8, 16
 * @returns the scale, before it is stored; codes 0..2 half - 1 are put into `codes`
 */
export function roundSymmetric(values: Float32Array, half: number, codes: Uint8Array): number {
  const scale = fround(extremeOf(values) / -half);
  const inverse = scale === 0 ? 0 : fround(1 / scale);
  for (const [i, x] of values.entries())
    codes[i] = Math.min(2 * half - 1, Math.trunc(fround(fround(x * inverse) + (half + 0.5))));
  return scale;
}

/**
 * Rounding between the least and the largest element.
 * @param most largest code: 15, 31
 * @returns scale and least element, before they are stored
 */
export function roundBetween(values: Float32Array, most: number, codes: Uint8Array): { scale: number; least: number } {
  let [least, largest] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (const x of values) {
    least = Math.min(least, x);
    largest = Math.max(largest, x);
  }
  const scale = fround(fround(largest - least) / most);
  const inverse = scale === 0 ? 0 : fround(1 / scale);
  for (const [i, x] of values.entries())
    codes[i] = Math.min(most, Math.trunc(fround(fround(fround(x - least) * inverse) + 0.5)));
  return { scale, least };
}
