import { roundHalfEven } from "../round-half-even";
import { optionalNumber } from "../schema/option";
import { shiftSigma } from "./flow-shift";
import { linspace } from "./linspace";
import { lambdaOf, mixtureAt } from "./log-snr-step";
import type { ScheduleRequest } from "./schedule-request";
import { givenTimesteps } from "./schedule-steps";
import type { SigmaSchedule } from "./sigma-schedule";
import { type SigmaSpacing, sigmaSpacing, spacingsAsked } from "./sigma-spacing";
import type { SolverOptions } from "./solver-options";
import { spaceTimestepsAboveZero } from "./spacing";
import { sigmaAt, timestepOf } from "./training-sigmas";

export interface DpmSolverScheduleOptions extends Omit<SolverOptions, "final_sigmas_type" | "rescale_betas_zero_snr"> {
  /** Space lambda evenly, as the authors of DPM-Solver do. */
  use_lu_lambdas: boolean;
  /** Timesteps whose lambda is lower are not visited; `null` visits all. */
  lambda_min_clipped: number | null;
}

export const lambdaMinSchema = optionalNumber(null, { description: "Do not visit timesteps of lower lambda." });

/**
 * Timesteps of DPM-Solver, as whole steps and not, and of DEIS: whole numbers, and the noise level of each.
 *
 * @param takes which spacings of the caller's it can follow
 * @throws SKIPSTEP_SCHEDULE_INVALID, SKIPSTEP_SCHEDULER_OPTIONS_CONFLICT
 */
export function dpmSolverSchedule(
  options: DpmSolverScheduleOptions,
  table: Float32Array,
  schedule: ScheduleRequest,
  takes: Parameters<ScheduleRequest["steps"]>[0] = ["timesteps"],
): SigmaSchedule {
  const { num_train_timesteps: train } = options;
  const steps = schedule.steps(takes, train);
  const respace = spacingOf(schedule, options);
  if (schedule.timesteps !== undefined && (respace !== undefined || options.use_flow_sigmas)) {
    throw schedule.invalid("the caller's timesteps do not go with a spacing of noise levels.");
  }
  if (respace !== undefined) {
    const sigmas = respace(table[table.length - 1]!, table[0]!, steps);
    const round = isRounded(schedule, options) ? roundHalfEven : Math.trunc;
    return float32(
      sigmas.map((sigma) => round(timestepOf(table, sigma))),
      sigmas,
    );
  }
  if (options.use_flow_sigmas) {
    const sigmas = flowSigmas(options, schedule.mu, steps);
    return float32(
      sigmas.map((sigma) => Math.trunc(sigma * train)),
      sigmas,
    );
  }
  const timesteps =
    schedule.timesteps === undefined
      ? spaceTimestepsAboveZero(options, lastTimestep(options, table), steps, train / steps)
      : givenTimesteps(schedule, schedule.timesteps, train);
  return float32(
    timesteps,
    timesteps.map((timestep) => sigmaAt(table, timestep)),
  );
}

function spacingOf(schedule: ScheduleRequest, options: DpmSolverScheduleOptions): SigmaSpacing | undefined {
  const others = (["use_lu_lambdas", "use_flow_sigmas"] as const).filter((option) => options[option]);
  const asked = [...spacingsAsked(options), ...others];
  if (asked.length > 1) throw schedule.conflict(asked, "keep one of them.");
  return options.use_lu_lambdas ? luSigmas : sigmaSpacing(schedule, options);
}

/** Even steps of lambda. Its ends are float32, so that the first level is that of the last timestep. */
function luSigmas(most: number, least: number, steps: number): Float64Array {
  return linspace(Math.fround(Math.log(most)), Math.fround(Math.log(least)), steps).map(Math.exp);
}

/** Which spacings visit the nearest timestep; the others go down to the one below. */
function isRounded({ scheduler }: ScheduleRequest, options: DpmSolverScheduleOptions): boolean {
  const { use_karras_sigmas, use_lu_lambdas, beta_schedule } = options;
  const isCosine = scheduler === "DPMSolverMultistepScheduler" && beta_schedule === "squaredcos_cap_v2";
  return (use_karras_sigmas || use_lu_lambdas) && !isCosine;
}

/** Even levels below 1, shifted: pure noise is left out, since its lambda is infinite. */
function flowSigmas(options: DpmSolverScheduleOptions, mu: number | undefined, steps: number): Float64Array {
  const shift = options.use_dynamic_shifting && mu !== undefined ? Math.exp(mu) : options.flow_shift;
  return linspace(1, 1 / options.num_train_timesteps, steps + 1)
    .map((alpha) => shiftSigma(1 - alpha, shift))
    .reverse()
    .slice(0, steps);
}

/** Number of the training's timesteps that are visited at most: those whose lambda is not clipped. */
function lastTimestep(options: DpmSolverScheduleOptions, table: Float32Array): number {
  const { lambda_min_clipped: least, num_train_timesteps: train } = options;
  if (least === null) return train;
  return train - table.filter((sigma) => lambdaOf(mixtureAt(sigma, false)) < least).length;
}

function float32(timesteps: Float64Array, sigmas: Float64Array): SigmaSchedule {
  return { timesteps: Float32Array.from(timesteps), sigmas: Float32Array.from(sigmas) };
}
