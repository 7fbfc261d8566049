import { defineScheduler } from "./define-scheduler";
import { kDpm2Schedule, kDpm2Schemas } from "./k-dpm-2-schedule";
import { directionAt, varianceExploding } from "./sigma-sample";
import { weightedSum } from "./weighted-sum";

/**
 * DPM-Solver-2, https://arxiv.org/abs/2206.00927, by noise levels as in https://github.com/crowsonkb/k-diffusion: a step to
 * the middle, and the whole step with the direction that was found there. The last step is Euler's, so that there are
 * `2 n - 1` calls.
 *
 * | here      | is                                        |
 * | --------- | ----------------------------------------- |
 * | sigma     | noise level: sample = image + sigma noise |
 * | image     | the clean sample that the output implies  |
 * | direction | derivative of the sample by sigma         |
 */
export const kDpm2Discrete = defineScheduler({
  className: "KDPM2DiscreteScheduler",
  processes: ["variance-exploding"],
  options: kDpm2Schemas,
  create(options, schedule) {
    const { timesteps, sigmas } = kDpm2Schedule(options, schedule, (_, next) => next);
    let start: Float32Array;
    return {
      ...varianceExploding(options.timestep_spacing, timesteps, sigmas),
      order: 2,
      // In the middle of a step, where only inpainting asks, the reference takes the level of its end.
      mixture: (index) => ({ alpha: 1, sigma: sigmas[index % 2 === 1 ? index + 1 : index]! }),
      step(call) {
        const { index, sample } = call;
        const towards = directionAt(options.prediction_type, sigmas[index]!, call);
        const isMiddle = index % 2 === 1;
        if (!isMiddle) start = sample;
        const from = sigmas[isMiddle ? index - 1 : index]!;
        return weightedSum([1, start], [sigmas[index + 1]! - from, towards]);
      },
    };
  },
});
