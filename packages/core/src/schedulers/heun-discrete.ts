import { betaSchemas } from "./betas";
import { clip, clipSchemas } from "./clip";
import { defineScheduler } from "./define-scheduler";
import { afterPairs, heunSteps, pairUp } from "./heun-pairs";
import { diffusionPredictions, predictionSchema } from "./prediction";
import { direction, imageAt, varianceExploding } from "./sigma-sample";
import { sigmaSchedule } from "./sigma-schedule";
import { sigmaSpacingSchemas } from "./sigma-spacing";
import { spacingSchemas } from "./spacing";
import { trainingSigmasOf } from "./training-sigmas";

/**
 * Heun's method, https://arxiv.org/abs/2206.00364, algorithm 1: each step is tried with Euler and repeated with the
 * mean of the directions at both ends. The last step is Euler's, so that there are `2 n - 1` calls.
 *
 * | here      | paper | is                                        |
 * | --------- | ----- | ----------------------------------------- |
 * | sigma     | t     | noise level: sample = image + sigma noise |
 * | image     | D     | the clean sample that the output implies  |
 * | direction | d, d' | derivative of the sample by sigma         |
 */
export const heunDiscrete = defineScheduler({
  className: "HeunDiscreteScheduler",
  processes: ["variance-exploding"],
  options: {
    ...betaSchemas({ beta_start: 0.00085, beta_end: 0.012, beta_schedule: "linear" }, ["exp"]),
    ...clipSchemas(false),
    ...sigmaSpacingSchemas,
    ...spacingSchemas("linspace"),
    prediction_type: predictionSchema(diffusionPredictions),
  },
  create(options, schedule) {
    schedule.steps(["timesteps"], options.num_train_timesteps);
    const spaced = sigmaSchedule(options, trainingSigmasOf(options), schedule);
    const sigmas = afterPairs(spaced.sigmas, 0);
    const move = heunSteps(sigmas);
    return {
      ...varianceExploding(options.timestep_spacing, pairUp(spaced.timesteps), sigmas),
      order: 2,
      step(call) {
        const sigma = sigmas[call.index]!;
        const image = imageAt(options.prediction_type, sigma, call);
        const bounded = options.clip_sample ? clip(image, options.clip_sample_range) : image;
        return move(call.index, call.sample, direction(call.sample, bounded, sigma));
      },
    };
  },
});
