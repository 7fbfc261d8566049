import type { ScheduleRequest } from "./schedule-request";
import { type SigmaSpacing, type SigmaSpacingOptions, sigmaSpacing } from "./sigma-spacing";
import { type SpacingOptions, spaceTimesteps } from "./spacing";
import { sigmaAt, timestepOf } from "./training-sigmas";

/** Timesteps of a generation, and the noise level of each. */
export interface SigmaSchedule {
  readonly timesteps: Float32Array;
  readonly sigmas: Float32Array;
}

interface Options extends SigmaSpacingOptions, SpacingOptions {
  readonly num_train_timesteps: number;
}

/**
 * Timesteps first and their levels from the training's table; or, with a spacing of levels, levels first.
 *
 * @param table the training's noise levels, rising
 * @param ends noisiest and cleanest level of a spacing, where they are not those of the timesteps
 * @throws SKIPSTEP_SCHEDULE_INVALID, SKIPSTEP_SCHEDULER_OPTIONS_CONFLICT
 */
export function sigmaSchedule(
  options: Options,
  table: Float32Array,
  schedule: ScheduleRequest,
  ends: { readonly most?: number | null; readonly least?: number | null } = {},
): SigmaSchedule {
  const steps = schedule.num_inference_steps;
  const respace = sigmaSpacing(schedule, options);
  if (respace !== undefined && schedule.timesteps !== undefined) {
    throw schedule.invalid("the caller's timesteps do not go with a spacing of noise levels.");
  }
  const own = schedule.timesteps ?? spaceTimesteps(options, options.num_train_timesteps, steps);
  const timesteps = Float32Array.from(own);
  const levels = [...timesteps].map((timestep) => sigmaAt(table, timestep));
  if (respace === undefined) return { timesteps, sigmas: Float32Array.from(levels) };
  return respaced(respace, table, ends.most ?? levels[0]!, ends.least ?? levels[steps - 1]!, steps);
}

function respaced(
  respace: SigmaSpacing,
  table: Float32Array,
  most: number,
  least: number,
  steps: number,
): SigmaSchedule {
  const sigmas = respace(most, least, steps);
  return {
    timesteps: Float32Array.from(sigmas, (sigma) => timestepOf(table, sigma)),
    sigmas: Float32Array.from(sigmas),
  };
}
