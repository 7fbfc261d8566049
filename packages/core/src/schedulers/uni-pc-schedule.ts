import { roundHalfEven } from "../round-half-even";
import { shiftSigma, shiftSigmaByMu, stretchToTerminal } from "./flow-shift";
import { linspace } from "./linspace";
import type { ScheduleRequest } from "./schedule-request";
import type { SigmaSchedule } from "./sigma-schedule";
import { type SigmaSpacing, sigmaSpacing, spacingsAsked } from "./sigma-spacing";
import type { SolverOptions } from "./solver-options";
import { spaceTimestepsAboveZero } from "./spacing";
import { sigmaAt, timestepOf } from "./training-sigmas";

export interface UniPcScheduleOptions extends SolverOptions {
  /** Ends of a spacing of noise levels; `null` takes the training's. */
  sigma_min: number | null;
  sigma_max: number | null;
  /** Noise level of a flow's last call; `null` leaves it where the spacing puts it. */
  shift_terminal: number | null;
}

/**
 * UniPC's timesteps, whole numbers, and the noise level before each and after the last.
 *
 * @throws SKIPSTEP_SCHEDULE_INVALID, SKIPSTEP_SCHEDULER_OPTIONS_CONFLICT
 */
export function uniPcSchedule(
  options: UniPcScheduleOptions,
  table: Float32Array,
  schedule: ScheduleRequest,
): SigmaSchedule {
  const { num_train_timesteps: train, use_flow_sigmas: isFlow } = options;
  const respace = spacingOf(schedule, options);
  const steps = schedule.steps(isFlow && respace === undefined ? ["sigmas"] : [], train);
  if (respace === undefined && !isFlow) {
    const timesteps = spaceTimestepsAboveZero(options, train, steps);
    return ending(
      options,
      timesteps,
      timesteps.map((timestep) => sigmaAt(table, timestep)),
      table[0]!,
    );
  }
  const sigmas =
    respace === undefined
      ? flowSigmas(options, schedule)
      : respace(options.sigma_max ?? table[table.length - 1]!, options.sigma_min ?? table[0]!, steps);
  if (isFlow) {
    const levels = respace === undefined ? sigmas : sigmas.map((sigma) => sigma / (sigma + 1));
    const timesteps = levels.map((sigma) => Math.trunc(sigma * train));
    return ending(options, timesteps, levels, levels[steps - 1]!);
  }
  const round = options.use_karras_sigmas ? roundHalfEven : Math.trunc;
  const timesteps = sigmas.map((sigma) => round(timestepOf(table, sigma)));
  return ending(options, timesteps, sigmas, sigmas[steps - 1]!);
}

function spacingOf(schedule: ScheduleRequest, options: UniPcScheduleOptions): SigmaSpacing | undefined {
  const respace = sigmaSpacing(schedule, options);
  if (!options.use_flow_sigmas && options.shift_terminal !== null) {
    throw schedule.conflict(["shift_terminal", "use_flow_sigmas"], "set the latter to true.");
  }
  if (options.use_flow_sigmas && respace !== undefined && !options.use_karras_sigmas) {
    const asked = ["use_flow_sigmas", ...spacingsAsked(options)];
    throw schedule.conflict(asked, "a flow takes use_karras_sigmas only.");
  }
  return respace;
}

/** The caller's or even levels, shifted. Pure noise has an infinite lambda and becomes nearly pure. */
function flowSigmas(options: UniPcScheduleOptions, schedule: ScheduleRequest): Float64Array {
  const { flow_shift, use_dynamic_shifting, time_shift_type, shift_terminal } = options;
  const { num_inference_steps: steps, sigmas: given, mu } = schedule;
  if (use_dynamic_shifting && mu === undefined) {
    throw schedule.invalid("use_dynamic_shifting needs mu, from the image's size.");
  }
  const even = linspace(1, 1 / options.num_train_timesteps, steps + 1).slice(0, steps);
  const shifted = Float64Array.from(given ?? even, (sigma) =>
    use_dynamic_shifting ? shiftSigmaByMu(sigma, mu!, time_shift_type) : shiftSigma(sigma, flow_shift),
  );
  // 0 counts as no terminal, as in the reference.
  const levels = shift_terminal ? stretchToTerminal(shifted, shift_terminal) : shifted;
  if (Math.abs(levels[0]! - 1) < 1e-6) levels[0]! -= 1e-6;
  return levels;
}

function ending(
  { final_sigmas_type }: UniPcScheduleOptions,
  timesteps: Float64Array,
  sigmas: Float64Array,
  least: number,
): SigmaSchedule {
  const final = final_sigmas_type === "sigma_min" ? least : 0;
  return { timesteps: Float32Array.from(timesteps), sigmas: Float32Array.of(...sigmas, final) };
}
