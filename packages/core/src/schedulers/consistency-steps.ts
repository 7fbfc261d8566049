import { flag, number } from "../schema/option";
import { betaSchemas } from "./betas";
import { clipSchemas, thresholdSchemas } from "./clip";
import { linspace } from "./linspace";
import { diffusionPredictions, predictionSchema } from "./prediction";
import type { ScheduleRequest } from "./schedule-request";
import { givenTimesteps } from "./schedule-steps";
import { spacingSchemas } from "./spacing";
import { trainingSteps } from "./training-steps";

/** Options that the schedulers of consistency models share. */
export const consistencySchemas = {
  ...betaSchemas({ beta_start: 0.00085, beta_end: 0.012, beta_schedule: "scaled_linear" }),
  ...clipSchemas(false),
  ...thresholdSchemas,
  ...spacingSchemas("leading"),
  original_inference_steps: trainingSteps(50, "Steps that the model was distilled on."),
  set_alpha_to_one: flag(true),
  prediction_type: predictionSchema(diffusionPredictions),
  // Factor on the timestep where LCM weighs the sample against the predicted image.
  timestep_scaling: number(10, { minimum: 0 }),
  rescale_betas_zero_snr: flag(false, "Make the noisiest timestep pure noise."),
};

/**
 * Timesteps of consistency models: some of those that the model was distilled on.
 *
 * @throws SKIPSTEP_SCHEDULE_INVALID
 */
export function consistencyTimesteps(
  options: { readonly num_train_timesteps: number; readonly original_inference_steps: number },
  schedule: ScheduleRequest,
): Float32Array {
  const { num_train_timesteps: train, original_inference_steps: original } = options;
  if (original > train) {
    throw schedule.invalid(`original_inference_steps is ${original}, but num_train_timesteps only ${train}.`);
  }
  const steps = schedule.steps(["timesteps"], original);
  if (schedule.timesteps !== undefined) {
    return Float32Array.from(givenTimesteps(schedule, schedule.timesteps, train));
  }
  const stride = Math.floor(train / original);
  const kept = linspace(0, original, steps + 1).slice(0, steps);
  return Float32Array.from(kept, (position) => (original - Math.floor(position)) * stride - 1);
}
