import { invalidSchedule } from "../errors/schedulers";
import { linspace } from "./linspace";
import { givenTimesteps, inferenceSteps } from "./schedule-steps";
import type { Schedule } from "./scheduler";

/**
 * Timesteps of consistency models: some of those that the model was distilled on.
 *
 * @throws SKIPSTEP_SCHEDULE_INVALID
 */
export function consistencyTimesteps(
  scheduler: string,
  options: { readonly num_train_timesteps: number; readonly original_inference_steps: number },
  schedule: Schedule,
): Float32Array {
  const { num_train_timesteps: train, original_inference_steps: original } = options;
  if (original > train) {
    throw invalidSchedule(scheduler, `original_inference_steps is ${original}, but num_train_timesteps only ${train}.`);
  }
  const steps = inferenceSteps(scheduler, schedule, ["timesteps"], original);
  if (schedule.timesteps !== undefined) {
    return Float32Array.from(givenTimesteps(scheduler, schedule.timesteps, train));
  }
  const stride = Math.floor(train / original);
  const kept = linspace(0, original, steps + 1).slice(0, steps);
  return Float32Array.from(kept, (position) => (original - Math.floor(position)) * stride - 1);
}
