import { zip } from "../items";
import type { Guider } from "./guider";

/** Classifier-free guidance, https://arxiv.org/abs/2207.12598. */
export const classifierFree: Guider = (cond, uncond, { scale, fromCond }) =>
  zip(cond, uncond, (x, y) => (fromCond ? x : y) + scale * (x - y));
