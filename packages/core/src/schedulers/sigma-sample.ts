import type { DiffusionPrediction, Mixture } from "./prediction";
import type { Call } from "./sampler";
import type { SpacingOptions } from "./spacing";
import { weightedSum, weightedSumOver } from "./weighted-sum";

/**
 * Samples as Karras et al. 2022 keep them, `image + sigma * noise`, for models that were trained on samples of
 * variance 1. These pieces are what Euler, Heun, LMS and DPM-Solver-2 share.
 */

/** What schedulers on noise levels share: noise to begin with, and samples as the model wants them. @param spacing of the timesteps: with `leading` ones the noise that an image hides is counted in */
export function varianceExploding(
  spacing: SpacingOptions["timestep_spacing"],
  timesteps: Float32Array,
  sigmas: Float32Array,
) {
  const most = sigmas.reduce((a, b) => Math.max(a, b));
  return {
    timesteps,
    sigmas,
    initNoiseSigma: spacing === "leading" ? Math.fround(Math.sqrt(most ** 2 + 1)) : most,
    /** What of image and noise a sample holds before a call. */
    mixture: (index: number): Mixture => ({ alpha: 1, sigma: sigmas[index]! }),
    /** Of variance 1, as the model wants it. */
    scaleModelInput: (sample: Float32Array, index: number): Float32Array => {
      const scale = 1 / Math.sqrt(sigmas[index]! ** 2 + 1);
      return sample.map((value) => value * scale);
    },
  };
}

/** The clean image that a prediction implies. */
export function imageAt(type: DiffusionPrediction, sigma: number, { sample, output }: Call): Float32Array {
  switch (type) {
    case "epsilon":
      return weightedSum([1, sample], [-sigma, output]);
    case "sample":
      return output;
    case "v_prediction":
      return weightedSum([1 / (sigma ** 2 + 1), sample], [-sigma / Math.sqrt(sigma ** 2 + 1), output]);
  }
}

/** Derivative of the sample by sigma. */
export function direction(sample: Float32Array, image: Float32Array, sigma: number): Float32Array {
  return weightedSumOver(sigma, [1, sample], [-1, image]);
}

/** The same of the image that a prediction implies. */
export function directionAt(type: DiffusionPrediction, sigma: number, call: Call): Float32Array {
  return direction(call.sample, imageAt(type, sigma, call), sigma);
}
