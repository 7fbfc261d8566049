import type { Mixture } from "./prediction";

/**
 * One step of a solver that moves along lambda, half the logarithm of signal over noise. The part of the ODE that is
 * linear in the sample has an exact solution there (https://arxiv.org/abs/2206.00927, formula 3.4), so that
 * `sample' = keep sample - gain (expm1(z) prediction + ...)`, where the dots stand for how the prediction changes.
 */
export interface LogSnrStep {
  /** How far lambda grows; infinite when the step ends without noise. */
  readonly h: number;
  readonly keep: number;
  readonly gain: number;
  /** h with the sign that it has in the exponent. */
  readonly z: number;
}

// All of it in float32 as the reference: where levels lie close, rounding is a good part of h.
const { fround } = Math;

/** @param predicted what the solver takes as constant along the step */
export function logSnrStep(from: Mixture, to: Mixture, predicted: "image" | "noise"): LogSnrStep {
  const h = fround(lambdaOf(to) - lambdaOf(from));
  return predicted === "image"
    ? { h, keep: to.sigma / from.sigma, gain: to.alpha, z: -h }
    : { h, keep: to.alpha / from.alpha, gain: to.sigma, z: h };
}

export function lambdaOf({ alpha, sigma }: Mixture): number {
  return fround(fround(Math.log(alpha)) - fround(Math.log(sigma)));
}

/**
 * The mixture at a noise level: of a flow, or of a diffusion that keeps the sample's variance, where the level is
 * noise over signal.
 */
export function mixtureAt(sigma: number, isFlow: boolean): Mixture {
  if (isFlow) return { alpha: fround(1 - sigma), sigma };
  const alpha = fround(1 / fround(Math.sqrt(fround(fround(sigma ** 2) + 1))));
  return { alpha, sigma: fround(sigma * alpha) };
}
