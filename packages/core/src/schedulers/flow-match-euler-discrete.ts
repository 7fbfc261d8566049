import { flag, integer, number, optionalNumber } from "../schema/option";
import { defineScheduler } from "./define-scheduler";
import { flowLevels, flowSampler } from "./flow-levels";
import { timeShiftSchema } from "./flow-shift";
import { sigmaSpacing, sigmaSpacingSchemas } from "./sigma-spacing";
import { trainingSteps } from "./training-steps";
import { weightedSum } from "./weighted-sum";

/**
 * Euler's method on a rectified flow, https://arxiv.org/abs/2403.03206, section 2.
 *
 * | here         | paper          | is                                            |
 * | ------------ | -------------- | --------------------------------------------- |
 * | sigma        | t              | noise level: sample = (1 - sigma) image + sigma noise |
 * | model output | v = noise - x0 | the direction from image to noise             |
 * | shift        | sqrt(m / n)    | how far levels are moved towards noise        |
 */
export const flowMatchEulerDiscrete = defineScheduler({
  className: "FlowMatchEulerDiscreteScheduler",
  processes: ["flow"],
  options: {
    num_train_timesteps: trainingSteps(1000),
    shift: number(1, { exclusiveMinimum: 0, description: "Above 1 spends more steps on noisy samples." }),
    use_dynamic_shifting: flag(false, "Shift by the image's size instead of by `shift`."),
    // These four say how the pipeline gets `mu` from the image's size: see `calculateShift`.
    base_shift: optionalNumber(0.5),
    max_shift: optionalNumber(1.15),
    base_image_seq_len: integer(256, { minimum: 1 }),
    max_image_seq_len: integer(4096, { minimum: 1 }),
    invert_sigmas: flag(false, "Count noise levels up instead of down."),
    shift_terminal: optionalNumber(null, {
      minimum: 0,
      maximum: 1,
      description: "Noise level of the last model call.",
    }),
    time_shift_type: timeShiftSchema,
    stochastic_sampling: flag(false, "Draw fresh noise at every step."),
    ...sigmaSpacingSchemas,
  },
  create(options, schedule) {
    const { num_train_timesteps: train, invert_sigmas, stochastic_sampling } = options;
    const steps = schedule.steps(["sigmas", "timesteps"]);
    const respace = sigmaSpacing(schedule, options);
    const shifted = flowLevels(options, schedule);
    const spaced = respace === undefined ? shifted : respace(shifted[0]!, shifted[steps - 1]!, steps);
    const levels = Float32Array.from(spaced, (sigma) => (invert_sigmas ? 1 - Math.fround(sigma) : sigma));
    const own = invert_sigmas ? undefined : schedule.timesteps;
    const sigmas = Float32Array.of(...levels, invert_sigmas ? 1 : 0);
    return {
      ...flowSampler(own ? Float32Array.from(own) : levels.map((sigma) => sigma * train), sigmas),
      step({ index, sample, output, noise }) {
        const sigma = sigmas[index]!;
        const next = sigmas[index + 1]!;
        if (!stochastic_sampling) return weightedSum([1, sample], [Math.fround(next - sigma), output]);
        const image = weightedSum([1, sample], [-sigma, output]);
        return weightedSum([1 - next, image], [next, noise()]);
      },
    };
  },
});
