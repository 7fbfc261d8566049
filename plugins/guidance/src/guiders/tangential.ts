import { dot, itemsOf, zip } from "../items";
import { classifierFree } from "./classifier-free";
import type { Guider } from "./guider";

/**
 * Tangential damping, https://arxiv.org/abs/2503.18137: of the negative prompt's prediction only what lies along the
 * first singular vector of both is kept. That vector is a sum of the two, by the larger eigenvector of their products.
 */
export const tangential: Guider = (cond, uncond, moment) => {
  const negative = itemsOf(uncond);
  const weights = itemsOf(cond).map((item, i) => firstEigenvector(item, negative[i]!));
  const kept = zip(cond, uncond, (x, y, item) => {
    const [ofCond, ofUncond] = weights[item]!;
    return ofUncond * (ofCond * x + ofUncond * y);
  });
  return classifierFree(cond, kept, moment);
};

/** Of `[[a a, a b], [a b, b b]]`, of length 1. */
function firstEigenvector(a: Float32Array, b: Float32Array): readonly [number, number] {
  const [aa, ab, bb] = [dot(a, a), dot(a, b), dot(b, b)];
  const angle = Math.atan2(2 * ab, aa - bb) / 2;
  return [Math.cos(angle), Math.sin(angle)];
}
