import { roundHalfEven } from "../round-half-even";
import { choice, integer, type OptionSchemas } from "../schema/option";
import { linspace } from "./linspace";
import type { ScheduleRequest } from "./schedule-request";
import { givenTimesteps } from "./schedule-steps";

/** Which of the training's timesteps a generation visits; table 2 of https://arxiv.org/abs/2305.08891. */
export interface SpacingOptions {
  timestep_spacing: "linspace" | "leading" | "trailing";
  /** Added to `leading` timesteps: 1 for models that were trained without timestep 0. */
  steps_offset: number;
}

/** Schemas of the options that say which timesteps are visited. @param spacing of the class in diffusers when nothing is said */
export function spacingSchemas(spacing: SpacingOptions["timestep_spacing"]): OptionSchemas<SpacingOptions> {
  return {
    timestep_spacing: choice(
      spacing,
      ["linspace", "leading", "trailing"],
      "Which training timesteps are visited: evenly with both ends, from the clean end, or from the noisy end.",
    ),
    steps_offset: integer(0, { minimum: 0, description: 'Added to timesteps of "leading" spacing.' }),
  };
}

/**
 * `steps` timesteps, noisiest first.
 *
 * @param trainSteps the training's number of timesteps, so that `trainSteps - 1` is pure noise
 * @returns whole numbers for `leading` and `trailing`; `linspace` has fractions
 */
export function spaceTimesteps(options: SpacingOptions, trainSteps: number, steps: number): Float64Array {
  switch (options.timestep_spacing) {
    case "linspace":
      return linspace(0, trainSteps - 1, steps).reverse();
    case "leading": {
      const stride = Math.floor(trainSteps / steps);
      return Float64Array.from({ length: steps }, (_, i) => (steps - 1 - i) * stride + options.steps_offset);
    }
    case "trailing":
      return trailing(trainSteps, trainSteps / steps, steps);
  }
}

/** The same in whole numbers, or the caller's own timesteps. @throws SKIPSTEP_SCHEDULE_INVALID */
export function wholeTimesteps(
  options: SpacingOptions & { readonly num_train_timesteps: number },
  schedule: ScheduleRequest,
): Float32Array {
  const { num_train_timesteps: train } = options;
  const { num_inference_steps: steps, timesteps: given } = schedule;
  const spaced = given === undefined ? spaceTimesteps(options, train, steps) : givenTimesteps(schedule, given, train);
  return Float32Array.from(spaced, roundHalfEven);
}

/** The same with one more interval below, as the solvers of DPM and UniPC space `linspace` and `leading`. */
export function spaceTimestepsAboveZero(
  options: SpacingOptions,
  trainSteps: number,
  steps: number,
  stride = trainSteps / steps,
): Float64Array {
  if (options.timestep_spacing === "trailing") return trailing(trainSteps, stride, steps);
  return spaceTimesteps(options, trainSteps, steps + 1)
    .slice(0, steps)
    .map(roundHalfEven);
}

/**
 * Steps down from `trainSteps`. The stride is rounded through the first two values, as `numpy.arange` rounds it: that
 * decides which way halves go. For some counts (61, 103, ...) `arange` gives one value more, which diffusers runs as
 * timestep -1; here there are at most `steps`.
 */
function trailing(trainSteps: number, stride: number, steps: number): Float64Array {
  const delta = trainSteps - stride - trainSteps;
  const count = Math.min(steps, Math.ceil(trainSteps / stride));
  return Float64Array.from({ length: count }, (_, i) => roundHalfEven(trainSteps + i * delta) - 1);
}
