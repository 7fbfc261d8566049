import { roundHalfEven } from "../round-half-even";
import type { OptionSchemas } from "../schema/option";
import { type BetaOptions, betaSchemas } from "./betas";
import { predictionSchema } from "./prediction";
import type { ScheduleRequest } from "./schedule-request";
import { type SigmaSchedule, sigmaSchedule } from "./sigma-schedule";
import { type SigmaSpacingOptions, sigmaSpacingSchemas } from "./sigma-spacing";
import { type SpacingOptions, spacingSchemas } from "./spacing";
import { timestepOf, trainingSigmasOf } from "./training-sigmas";

/** What DPM-Solver-2 and its ancestral form have in common. */
export interface KDpm2Options extends BetaOptions, SigmaSpacingOptions, SpacingOptions {
  prediction_type: "epsilon" | "v_prediction";
}

export const kDpm2Schemas: OptionSchemas<KDpm2Options> = {
  ...betaSchemas({ beta_start: 0.00085, beta_end: 0.012, beta_schedule: "linear" }),
  ...sigmaSpacingSchemas,
  ...spacingSchemas("linspace"),
  prediction_type: predictionSchema(["epsilon", "v_prediction"]),
};

/**
 * Timesteps and noise levels of all calls: those of the steps, and one between each two.
 *
 * @param ends by step, the level that it goes to without noise; the last one goes to 0 in one call
 * @returns levels have one more, 0
 * @throws SKIPSTEP_SCHEDULE_INVALID, SKIPSTEP_SCHEDULER_OPTIONS_CONFLICT
 */
export function kDpm2Schedule(
  options: KDpm2Options,
  schedule: ScheduleRequest,
  ends: (sigma: number, next: number) => number,
): SigmaSchedule {
  schedule.steps([], options.num_train_timesteps);
  const table = trainingSigmasOf(options);
  const steps = sigmaSchedule(options, table, schedule);
  const round = options.use_karras_sigmas ? roundHalfEven : (timestep: number) => timestep;
  const calls = [...steps.sigmas].flatMap((sigma, i) => {
    const own = { timestep: round(steps.timesteps[i]!), sigma };
    const next = steps.sigmas[i + 1];
    if (next === undefined) return [own];
    const between = middle(sigma, ends(sigma, next));
    return [own, { timestep: timestepOf(table, between), sigma: between }];
  });
  return {
    timesteps: Float32Array.from(calls, ({ timestep }) => timestep),
    sigmas: Float32Array.of(...calls.map(({ sigma }) => sigma), 0),
  };
}

/** Halfway in the logarithm. */
function middle(a: number, b: number): number {
  const [from, to] = [Math.fround(Math.log(a)), Math.fround(Math.log(b))];
  return Math.fround(Math.exp(Math.fround((from + to) / 2)));
}
