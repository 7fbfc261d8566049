import { dot, itemsOf, zip } from "../items";
import { classifierFree } from "./classifier-free";
import type { Guider } from "./guider";

/**
 * CFG-Zero*, https://arxiv.org/abs/2503.18886: the negative prompt's prediction is scaled to come as close to the
 * prompt's as it can. That the first steps predict nothing is the plugin's: no branch runs there.
 */
export const zeroStar: Guider = (cond, uncond, moment) => {
  const negative = itemsOf(uncond);
  const factors = itemsOf(cond).map((item, i) => dot(item, negative[i]!) / (dot(negative[i]!, negative[i]!) + 1e-8));
  return classifierFree(
    cond,
    zip(uncond, uncond, (x, _, item) => factors[item]! * x),
    moment,
  );
};
