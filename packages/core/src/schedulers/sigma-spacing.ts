import { flag, type OptionSchemas } from "../schema/option";
import { betaQuantile } from "./beta-distribution";
import { linspace } from "./linspace";
import type { ScheduleRequest } from "./schedule-request";

/** Noise levels spaced by themselves, instead of by the timesteps they belong to. One at most may be true. */
export interface SigmaSpacingOptions {
  use_karras_sigmas: boolean;
  use_exponential_sigmas: boolean;
  use_beta_sigmas: boolean;
}

export const sigmaSpacingSchemas: OptionSchemas<SigmaSpacingOptions> = {
  use_karras_sigmas: flag(false, "Space noise levels as Karras et al. 2022, formula 5."),
  use_exponential_sigmas: flag(false, "Space the logarithms of noise levels evenly."),
  use_beta_sigmas: flag(false, "Space noise levels by quantiles of Beta(0.6, 0.6)."),
};

/**
 * Which spacing the options ask for.
 *
 * @throws SKIPSTEP_SCHEDULER_OPTIONS_CONFLICT when they ask for two
 */
export function sigmaSpacing(schedule: ScheduleRequest, options: SigmaSpacingOptions): SigmaSpacing | undefined {
  const asked = spacingsAsked(options);
  if (asked.length > 1) throw schedule.conflict(asked, "keep one of them.");
  return asked[0] === undefined ? undefined : spacings[asked[0]];
}

/** The spacings whose option is true. */
export function spacingsAsked(options: SigmaSpacingOptions): (keyof SigmaSpacingOptions)[] {
  return (["use_karras_sigmas", "use_exponential_sigmas", "use_beta_sigmas"] as const).filter((key) => options[key]);
}

/** `steps` noise levels from `sigmaMax` down to `sigmaMin`. */
export type SigmaSpacing = (sigmaMax: number, sigmaMin: number, steps: number) => Float64Array;

const spacings: Record<keyof SigmaSpacingOptions, SigmaSpacing> = {
  use_karras_sigmas: karrasSigmas,
  use_exponential_sigmas: exponentialSigmas,
  use_beta_sigmas: betaSigmas,
};

/** https://arxiv.org/abs/2206.00364, formula 5, with its rho = 7. */
function karrasSigmas(sigmaMax: number, sigmaMin: number, steps: number): Float64Array {
  const rho = 7;
  const from = sigmaMax ** (1 / rho);
  const to = sigmaMin ** (1 / rho);
  return linspace(0, 1, steps).map((ramp) => (from + ramp * (to - from)) ** rho);
}

function exponentialSigmas(sigmaMax: number, sigmaMin: number, steps: number): Float64Array {
  return linspace(Math.log(sigmaMax), Math.log(sigmaMin), steps).map(Math.exp);
}

/** Beta sampling, https://arxiv.org/abs/2407.12173, with its alpha = beta = 0.6: more steps near both ends. */
function betaSigmas(sigmaMax: number, sigmaMin: number, steps: number): Float64Array {
  return linspace(0, 1, steps).map((ramp) => sigmaMin + betaQuantile(1 - ramp, 0.6, 0.6) * (sigmaMax - sigmaMin));
}
