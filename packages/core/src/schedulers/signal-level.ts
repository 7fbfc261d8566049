import { type Floats, floats } from "../tensor";
import { alphasCumprod, type BetaOptions } from "./betas";
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

/**
 * Share of the signal's power that is left at each of the training's timesteps. Below the first it is that of a clean
 * image, or the first's own.
 */
export function signalAt(
  options: BetaOptions & { readonly set_alpha_to_one?: boolean; readonly rescale_betas_zero_snr?: boolean },
): (timestep: number) => number {
  const alphas = alphasCumprod(options, options.rescale_betas_zero_snr);
  const beyond = options.set_alpha_to_one ? 1 : alphas[0]!;
  return (timestep) => (timestep < 0 ? beyond : alphas[Math.min(timestep, alphas.length - 1)]!);
}

/** What schedulers whose samples keep variance 1 share. @param alphas share of the signal's power before each call, and after the last one */
export function variancePreserving(timesteps: Float32Array, alphas: readonly number[]) {
  return {
    timesteps,
    sigmas: noiseLevels(alphas),
    /** What of image and noise a sample holds before a call. */
    mixture: (index: number): Mixture => mixtureOf(alphas[index]!),
  };
}
