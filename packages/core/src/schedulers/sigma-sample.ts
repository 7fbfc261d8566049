import { type Floats, floats } from "../tensor";
import type { DiffusionPrediction } from "./prediction";
import type { SpacingOptions } from "./spacing";
import { weightedSum, weightedSumOver } from "./weighted-sum";

/**
 * Samples as Karras et al. 2022 keep them, `image + sigma * noise`, for models that were trained on samples of
 * variance 1. These pieces are what Euler, Heun and LMS share.
 */

/** The sample with variance 1, as the model wants it. */
export function toUnitVariance(sample: Floats, sigma: number): Floats {
  const scale = 1 / Math.sqrt(sigma ** 2 + 1);
  return floats(
    sample.shape,
    sample.data.map((value) => value * scale),
  );
}

/** What unit noise is multiplied by at the start. */
export function initialNoise(spacing: SpacingOptions["timestep_spacing"], sigmas: Float32Array): number {
  const most = sigmas.reduce((a, b) => Math.max(a, b));
  return spacing === "leading" ? Math.fround(Math.sqrt(most ** 2 + 1)) : most;
}

/** The clean image that a prediction implies. */
export function imageAt(
  type: DiffusionPrediction,
  sigma: number,
  sample: Float32Array,
  output: Float32Array,
): Float32Array {
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

export function addNoiseAt(sigma: number, original: Floats, noise: Floats): Floats {
  return floats(original.shape, weightedSum([1, original.data], [sigma, noise.data]));
}
