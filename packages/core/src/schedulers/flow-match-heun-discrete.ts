import { number } from "../schema/option";
import { defineScheduler } from "./define-scheduler";
import { flowSampler, trainingLevels } from "./flow-levels";
import { shiftSigma } from "./flow-shift";
import { afterPairs, heunSteps, pairUp } from "./heun-pairs";
import { trainingSteps } from "./training-steps";

/**
 * Heun's method (https://arxiv.org/abs/2206.00364, algorithm 1 without churn) on a rectified flow
 * (https://arxiv.org/abs/2403.03206): each step is tried with Euler and repeated with the mean of both directions.
 * The last step is Euler's, so that there are `2 n - 1` calls.
 *
 * | here      | Karras et al. | is                                            |
 * | --------- | ------------- | --------------------------------------------- |
 * | sigma     | t             | noise level: sample = (1 - sigma) image + sigma noise |
 * | direction | d             | derivative of the sample by sigma             |
 */
export const flowMatchHeunDiscrete = defineScheduler({
  className: "FlowMatchHeunDiscreteScheduler",
  processes: ["flow"],
  options: {
    num_train_timesteps: trainingSteps(1000),
    shift: number(1, { exclusiveMinimum: 0, description: "Above 1 spends more steps on noisy samples." }),
  },
  create(options, schedule) {
    const steps = schedule.steps([]);
    const even = trainingLevels({ ...options, use_dynamic_shifting: false }, steps);
    const levels = Float32Array.from(even, (sigma) => shiftSigma(sigma, options.shift));
    const sigmas = afterPairs(levels, 0);
    const move = heunSteps(sigmas);
    return {
      ...flowSampler(pairUp(levels.map((sigma) => sigma * options.num_train_timesteps)), sigmas),
      order: 2,
      step: ({ index, sample, output }) => move(index, sample, output),
    };
  },
});
