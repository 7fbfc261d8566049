import { betaSchemas, linearBetas } from "./betas";
import { defineScheduler } from "./define-scheduler";
import { diffusionPredictions, predictionSchema } from "./prediction";
import { directionAt, varianceExploding } from "./sigma-sample";
import { sigmaSchedule } from "./sigma-schedule";
import { sigmaSpacingSchemas } from "./sigma-spacing";
import { spacingSchemas } from "./spacing";
import { trainingSigmasOf } from "./training-sigmas";
import { type Term, weightedSum } from "./weighted-sum";

const maxOrder = 4;

/**
 * Linear multistep method of up to four directions, from https://github.com/crowsonkb/k-diffusion: Adams-Bashforth
 * for levels that are not evenly spaced.
 *
 * | here       | is                                                    |
 * | ---------- | ----------------------------------------------------- |
 * | sigma      | noise level: sample = image + sigma noise             |
 * | directions | last derivatives of the sample by sigma, newest first |
 */
export const lmsDiscrete = defineScheduler({
  className: "LMSDiscreteScheduler",
  processes: ["variance-exploding"],
  options: {
    ...betaSchemas(linearBetas),
    ...sigmaSpacingSchemas,
    ...spacingSchemas("linspace"),
    prediction_type: predictionSchema(diffusionPredictions),
  },
  create(options, schedule) {
    schedule.steps([], options.num_train_timesteps);
    const spaced = sigmaSchedule(options, trainingSigmasOf(options), schedule);
    const sigmas = Float32Array.of(...spaced.sigmas, 0);
    let directions: Float32Array[] = [];
    return {
      ...varianceExploding(options.timestep_spacing, spaced.timesteps, sigmas),
      step(call) {
        const { index, sample } = call;
        directions = [directionAt(options.prediction_type, sigmas[index]!, call), ...directions].slice(0, maxOrder);
        // Begun in the middle (image-to-image), the reference takes the order from the index all the same.
        const order = Math.min(index + 1, maxOrder);
        const terms = directions.map((values, i): Term => [coefficient(sigmas, order, index, i), values]);
        return weightedSum([1, sample], ...terms);
      },
    };
  },
});

/** Integral over a step of the Lagrange polynomial that is 1 at call `index - which` and 0 at the others. */
function coefficient(sigmas: Float32Array, order: number, index: number, which: number): number {
  const polynomial = (tau: number) => {
    let product = 1;
    for (let k = 0; k < order; k++) {
      if (k !== which) product *= (tau - sigmas[index - k]!) / (sigmas[index - which]! - sigmas[index - k]!);
    }
    return product;
  };
  // Gauss-Legendre with two points is exact up to degree 3, that is order 4.
  const half = (sigmas[index + 1]! - sigmas[index]!) / 2;
  const middle = (sigmas[index + 1]! + sigmas[index]!) / 2;
  return half * (polynomial(middle - half / Math.sqrt(3)) + polynomial(middle + half / Math.sqrt(3)));
}
