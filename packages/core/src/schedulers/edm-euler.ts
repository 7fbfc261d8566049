import { defineScheduler } from "./define-scheduler";
import { edmImage, edmSampler, edmSchedule, edmSchemas } from "./edm";
import type { Call } from "./sampler";
import { direction } from "./sigma-sample";
import { weightedSum } from "./weighted-sum";

/**
 * Euler's method for EDM models, https://arxiv.org/abs/2206.00364, algorithm 2 without churn.
 *
 * | here      | paper | is                                        |
 * | --------- | ----- | ----------------------------------------- |
 * | sigma     | t     | noise level: sample = image + sigma noise |
 * | image     | D     | the clean sample that the output implies  |
 * | direction | d     | derivative of the sample by sigma         |
 */
export const edmEuler = defineScheduler({
  className: "EDMEulerScheduler",
  processes: ["variance-exploding"],
  options: edmSchemas,
  create(options, schedule) {
    const spaced = edmSchedule(options, schedule, (last) => last);
    const { sigmas } = spaced;
    const predictedImage = (call: Call): Float32Array => edmImage(options, sigmas[call.index]!, call);
    return {
      ...edmSampler(options, spaced),
      predictedImage,
      step(call) {
        const { index, sample } = call;
        const sigma = sigmas[index]!;
        const towards = direction(sample, predictedImage(call), sigma);
        return weightedSum([1, sample], [sigmas[index + 1]! - sigma, towards]);
      },
    };
  },
});
