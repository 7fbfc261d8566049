import { itemsOf, length, minus, zip } from "../items";
import type { Guider } from "./guider";

/**
 * MAMBO-G, https://arxiv.org/abs/2508.03442: the further the predictions lie apart, beside the length of the negative
 * prompt's, the weaker the guidance.
 */
export const magnitudeAware: Guider = (cond, uncond, { scale, fromCond, options: { alpha } }) => {
  const negative = itemsOf(uncond);
  const scales = itemsOf(minus(cond, uncond)).map((shift, i) => {
    const damping = Math.exp((-alpha * length(shift)) / length(negative[i]!));
    return fromCond ? scale * damping : 1 + (scale - 1) * damping;
  });
  return zip(cond, uncond, (x, y, item) => (fromCond ? x : y) + scales[item]! * (x - y));
};
