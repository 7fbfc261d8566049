import { alphasCumprod, type BetaOptions } from "./betas";

/** Noise over signal at each training timestep. Pure noise counts as 2^-24 of signal, so that it stays a number. */
export function trainingSigmasOf(options: BetaOptions, zeroSnr = false): Float32Array {
  const alphas = alphasCumprod(options, zeroSnr);
  if (zeroSnr) alphas[alphas.length - 1] = 2 ** -24;
  return trainingSigmas(alphas);
}

/** `sqrt((1 - alpha) / alpha)`, float32, rising. */
function trainingSigmas(alphas: Float32Array): Float32Array {
  return alphas.map((alpha) => Math.sqrt(Math.fround(Math.fround(1 - alpha) / alpha)));
}

/** The level at a timestep that may lie between two of the training's. */
export function sigmaAt(sigmas: Float32Array, timestep: number): number {
  const last = sigmas.length - 1;
  if (timestep <= 0) return sigmas[0]!;
  if (timestep >= last) return sigmas[last]!;
  const below = Math.floor(timestep);
  return sigmas[below]! + (sigmas[below + 1]! - sigmas[below]!) * (timestep - below);
}

/** The timestep of a level, interpolated between the logarithms of the training's levels. */
export function timestepOf(sigmas: Float32Array, sigma: number): number {
  const logSigma = Math.log(Math.max(sigma, 1e-10));
  let below = 0;
  for (let i = 1; i < sigmas.length; i++) if (logSigma >= logOf(sigmas[i]!)) below = Math.min(i, sigmas.length - 2);
  const low = logOf(sigmas[below]!);
  const high = logOf(sigmas[below + 1]!);
  const share = Math.min(1, Math.max(0, (low - logSigma) / (low - high)));
  return (1 - share) * below + share * (below + 1);
}

/** In float32 as the reference has it: near pure noise a timestep is only 1e-4 of a logarithm wide. */
function logOf(sigma: number): number {
  return Math.fround(Math.log(sigma));
}
