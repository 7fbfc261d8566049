import { ancestralStep } from "./ancestral-step";
import { defineScheduler } from "./define-scheduler";
import { kDpm2Schedule, kDpm2Schemas } from "./k-dpm-2-schedule";
import { directionAt, varianceExploding } from "./sigma-sample";
import { weightedSum } from "./weighted-sum";

/**
 * DPM-Solver-2 with ancestral noise, from https://github.com/crowsonkb/k-diffusion: each step goes below the next level,
 * by way of the middle, and draws noise up to it. The last step is Euler's, so that there are `2 n - 1` calls.
 *
 * | here     | is                                                       |
 * | -------- | -------------------------------------------------------- |
 * | sigma    | noise level: sample = image + sigma noise                |
 * | up, down | as in EulerAncestralDiscreteScheduler                    |
 */
export const kDpm2AncestralDiscrete = defineScheduler({
  className: "KDPM2AncestralDiscreteScheduler",
  processes: ["variance-exploding"],
  options: kDpm2Schemas,
  create(options, schedule) {
    const { timesteps, sigmas } = kDpm2Schedule(options, schedule, (sigma, next) => ancestralStep(sigma, next).down);
    let start: Float32Array;
    return {
      ...varianceExploding(options.timestep_spacing, timesteps, sigmas),
      order: 2,
      step(call) {
        const { index, sample } = call;
        const sigma = sigmas[index]!;
        const next = sigmas[index + 1]!;
        const towards = directionAt(options.prediction_type, sigma, call);
        const isMiddle = index % 2 === 1;
        if (!isMiddle) {
          start = sample;
          return weightedSum([1, sample], [next - sigma, towards]);
        }
        const from = sigmas[index - 1]!;
        const { up, down } = ancestralStep(from, next);
        return weightedSum([1, start], [down - from, towards], [up, call.noise()]);
      },
    };
  },
});
