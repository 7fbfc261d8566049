import { roundHalfEven } from "@skipstep/core/plugin";
import { roundToFloat16 } from "@skipstep/lowbit";
import { searchAffine } from "../rounding/affine-search";
import { extremeOf } from "../rounding/extreme";
import { clampedCode, searchSigned } from "../rounding/signed-search";
import { importanceWeights, meanSquare } from "../rounding/weights";

const { fround } = Math;

/**
 * Full-range rounding in float32, as ggml computes it: the extreme element becomes the code 0. With importance, the
 * scale is searched for which the weighed error is small.
 * @param half half of the number of codes: 8, 16
 * @returns the scale, before it is stored; codes 0..2 half - 1 are put into `codes`
 */
export function roundSymmetric(
  values: Float32Array,
  half: number,
  codes: Uint8Array,
  importance: Float32Array | undefined,
): number {
  if (importance) {
    const found = searchSigned(values, importanceWeights(values, importance, meanSquare(values)), half);
    const stored = roundToFloat16(found);
    for (const [i, x] of values.entries()) codes[i] = (stored === 0 ? 0 : clampedCode(x / stored, half)) + half;
    return found;
  }
  const scale = fround(extremeOf(values) / -half);
  const inverse = scale === 0 ? 0 : fround(1 / scale);
  for (const [i, x] of values.entries())
    codes[i] = Math.min(2 * half - 1, Math.trunc(fround(fround(x * inverse) + (half + 0.5))));
  return scale;
}

/**
 * Rounding between the least and the largest element; with importance, between those that make the weighed error small.
 * @param most largest code: 15, 31
 * @returns scale and least value, before they are stored
 */
export function roundBetween(
  values: Float32Array,
  most: number,
  codes: Uint8Array,
  importance: Float32Array | undefined,
): { scale: number; least: number } {
  if (importance) {
    const weights = importanceWeights(values, importance, meanSquare(values));
    const found = searchAffine(values, weights, { most, first: -0.9, step: 0.05, tries: 36, error: "square" });
    const [stored, lowest] = [roundToFloat16(found.scale), roundToFloat16(-found.offset)];
    for (const [i, x] of values.entries())
      codes[i] = stored === 0 ? 0 : Math.max(0, Math.min(most, roundHalfEven((x - lowest) / stored)));
    return { scale: found.scale, least: -found.offset };
  }
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
