import type { Floats } from "@skipstep/core/plugin";
import { itemsOf } from "../items";

/**
 * Brings each image's prediction back towards the spread of the prompt's, https://arxiv.org/abs/2305.08891, section 3.4.
 * @param share 0 changes nothing, 1 gives it the same spread
 */
export function rescale({ shape, data }: Floats, cond: Floats, share: number): Floats {
  const result: Floats = { dtype: "float32", shape, data: data.slice() };
  const wanted = itemsOf(cond);
  for (const [i, item] of itemsOf(result).entries()) rescaleItem(item, wanted[i]!, share);
  return result;
}

/** In place. What has no spread, such as zeros, stays. */
export function rescaleItem(
  values: Float32Array | Float64Array,
  cond: Float32Array | Float64Array,
  share: number,
): void {
  const own = deviation(values);
  if (own === 0) return;
  const factor = (share * deviation(cond)) / own + (1 - share);
  for (let i = 0; i < values.length; i++) values[i]! *= factor;
}

/** Standard deviation of a sample. */
function deviation(values: Float32Array | Float64Array): number {
  let [sum, squares] = [0, 0];
  for (const value of values) sum += value;
  const mean = sum / values.length;
  for (const value of values) squares += (value - mean) ** 2;
  return Math.sqrt(squares / (values.length - 1));
}
