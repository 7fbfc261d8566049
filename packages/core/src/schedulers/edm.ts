import { choice, integer, number, type OptionSchemas } from "../schema/option";
import { linspace, linspaceFloat32 } from "./linspace";
import { type Mixture, predictionSchema } from "./prediction";
import type { Call } from "./sampler";
import type { ScheduleRequest } from "./schedule-request";
import type { SigmaSchedule } from "./sigma-schedule";
import { weightedSum } from "./weighted-sum";

/**
 * What schedulers of EDM models have in common, https://arxiv.org/abs/2206.00364, table 1: noise levels that come from no
 * table of training, and a model that is told a quarter of their logarithm.
 */
export interface EdmOptions {
  sigma_min: number;
  sigma_max: number;
  /** Deviation of the data: of latents, about 0.5; CosXL has 1. */
  sigma_data: number;
  sigma_schedule: "karras" | "exponential";
  num_train_timesteps: number;
  /** `epsilon` is the paper's F: its sign is the other way round than `v_prediction`'s. */
  prediction_type: "epsilon" | "v_prediction";
  /** Of the Karras schedule. */
  rho: number;
  final_sigmas_type: "zero" | "sigma_min";
}

export const edmSchemas: OptionSchemas<EdmOptions> = {
  sigma_min: number(0.002, { exclusiveMinimum: 0 }),
  sigma_max: number(80, { exclusiveMinimum: 0 }),
  sigma_data: number(0.5, { exclusiveMinimum: 0, description: "Deviation of the data." }),
  sigma_schedule: choice("karras", ["karras", "exponential"], "How noise levels are spaced."),
  num_train_timesteps: integer(1000, { minimum: 1 }),
  prediction_type: predictionSchema(["epsilon", "v_prediction"]),
  rho: number(7, { exclusiveMinimum: 0, description: "Exponent of the Karras schedule." }),
  final_sigmas_type: choice("zero", ["zero", "sigma_min"], "Noise level after the last step."),
};

/** @param final the level after the last step for `sigma_min` @throws SKIPSTEP_SCHEDULE_INVALID */
export function edmSchedule(
  options: EdmOptions,
  schedule: ScheduleRequest,
  final: (last: number) => number,
): SigmaSchedule {
  const steps = schedule.steps([]);
  const levels = options.sigma_schedule === "karras" ? karras(options, steps) : exponential(options, steps);
  const end = options.final_sigmas_type === "zero" ? 0 : final(levels[steps - 1]!);
  return { timesteps: levels.map((sigma) => 0.25 * Math.log(sigma)), sigmas: Float32Array.of(...levels, end) };
}

/** Formula 5. */
function karras({ sigma_min, sigma_max, rho }: EdmOptions, steps: number): Float32Array {
  const [from, to] = [sigma_max ** (1 / rho), sigma_min ** (1 / rho)];
  return Float32Array.from(linspace(0, 1, steps), (ramp) => (from + ramp * (to - from)) ** rho);
}

function exponential({ sigma_min, sigma_max }: EdmOptions, steps: number): Float32Array {
  return linspaceFloat32(Math.log(sigma_min), Math.log(sigma_max), steps).map(Math.exp).reverse();
}

/** What every EDM sampler has: the model sees samples of variance 1. */
export function edmSampler(options: EdmOptions, { timesteps, sigmas }: SigmaSchedule) {
  return {
    timesteps,
    sigmas,
    initNoiseSigma: Math.sqrt(options.sigma_max ** 2 + 1),
    mixture: (index: number): Mixture => ({ alpha: 1, sigma: sigmas[index]! }),
    scaleModelInput: (sample: Float32Array, index: number): Float32Array => {
      const scale = 1 / Math.sqrt(sigmas[index]! ** 2 + options.sigma_data ** 2);
      return sample.map((value) => value * scale);
    },
  };
}

/** The clean image that an output implies, formula 7. */
export function edmImage(options: EdmOptions, sigma: number, { sample, output }: Call): Float32Array {
  const { sigma_data, prediction_type } = options;
  const power = sigma ** 2 + sigma_data ** 2;
  const scale = (sigma * sigma_data) / Math.sqrt(power);
  return weightedSum([sigma_data ** 2 / power, sample], [prediction_type === "v_prediction" ? -scale : scale, output]);
}
