import { type DynamicShiftOptions, type Rounding, shiftSigma, shiftSigmaByMu, stretchToTerminal } from "./flow-shift";
import { linspace } from "./linspace";
import type { Mixture } from "./prediction";
import type { ScheduleRequest } from "./schedule-request";

/** Noise levels of models that were trained on a flow: `(1 - sigma) image + sigma noise`. */

interface TrainedFlow {
  readonly num_train_timesteps: number;
  readonly shift: number;
  readonly use_dynamic_shifting: boolean;
}

interface FlowOptions extends TrainedFlow, DynamicShiftOptions {
  readonly use_dynamic_shifting: boolean;
  /** Noise level of the last call; `null` leaves it where the spacing puts it. */
  readonly shift_terminal: number | null;
}

/**
 * The caller's levels or even ones, shifted. The caller's levels and timesteps are float32 in the reference, and so here.
 * @throws SKIPSTEP_SCHEDULE_INVALID for dynamic shifting without `mu`
 */
export function flowLevels(options: FlowOptions, schedule: ScheduleRequest): Float64Array {
  const given = schedule.sigmas !== undefined || schedule.timesteps !== undefined;
  const round: Rounding = given ? Math.fround : (x) => x;
  const shifted = unshifted(options, schedule, round).map((sigma) => shiftOne(options, schedule, sigma, round));
  // 0 counts as no terminal, as in the reference.
  return options.shift_terminal ? stretchToTerminal(shifted, options.shift_terminal, round) : shifted;
}

/** `steps` even levels from the noisiest to the cleanest of the training. */
export function trainingLevels(options: TrainedFlow, steps: number): Float64Array {
  const { num_train_timesteps: train, shift, use_dynamic_shifting } = options;
  // Shifted once here and once more by the schedule, as the reference.
  const level = (sigma: number) => shiftSigma(Math.fround(sigma), use_dynamic_shifting ? 1 : shift, Math.fround);
  return linspace(level(1) * train, level(1 / train) * train, steps).map((timestep) => timestep / train);
}

/** What every sampler of a flow has. */
export function flowSampler(timesteps: Float32Array, sigmas: Float32Array) {
  return {
    timesteps,
    sigmas,
    /** What of image and noise a sample holds before a call. */
    mixture: (index: number): Mixture => ({ alpha: 1 - sigmas[index]!, sigma: sigmas[index]! }),
  };
}

function unshifted(options: FlowOptions, schedule: ScheduleRequest, round: Rounding): Float64Array {
  const { sigmas, timesteps, num_inference_steps: steps } = schedule;
  if (sigmas !== undefined) return Float64Array.from(sigmas, round);
  if (timesteps === undefined) return trainingLevels(options, steps);
  return Float64Array.from(timesteps, (timestep) => round(round(timestep) / options.num_train_timesteps));
}

function shiftOne(options: FlowOptions, schedule: ScheduleRequest, sigma: number, round: Rounding): number {
  const { use_dynamic_shifting, time_shift_type, shift } = options;
  if (!use_dynamic_shifting) return shiftSigma(sigma, shift, round);
  if (schedule.mu === undefined) throw schedule.invalid("use_dynamic_shifting needs mu, from the image's size.");
  return shiftSigmaByMu(sigma, schedule.mu, time_shift_type, round);
}
