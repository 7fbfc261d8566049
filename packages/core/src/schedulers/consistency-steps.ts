import { linspace } from "./linspace";
import type { ScheduleRequest } from "./schedule-request";
import { givenTimesteps } from "./schedule-steps";

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
