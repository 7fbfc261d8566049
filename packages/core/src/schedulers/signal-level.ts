import { type Floats, floats } from "../tensor";
import type { Mixture } from "./prediction";
import { weightedSum } from "./weighted-sum";

/** The mixture whose image has `alpha` of the power (the paper's alpha-bar), and noise the rest. */
export function mixtureOf(alpha: number): Mixture {
  return { alpha: Math.sqrt(alpha), sigma: Math.sqrt(1 - alpha) };
}

export function mix({ alpha, sigma }: Mixture, original: Floats, noise: Floats): Floats {
  return floats(original.shape, weightedSum([alpha, original.data], [sigma, noise.data]));
}

/**
 * Noise over signal for each of `alphas`. Pure noise counts as 2^-24 of signal, so that it stays a number, as in
 * diffusers' Euler.
 */
export function noiseLevels(alphas: readonly number[]): Float32Array {
  return Float32Array.from(alphas, (alpha) => Math.sqrt((1 - alpha) / Math.max(alpha, 2 ** -24)));
}
