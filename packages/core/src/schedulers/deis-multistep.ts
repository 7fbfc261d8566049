import { choice, integer, optionsSchema } from "../schema/option";
import { type Floats, floats } from "../tensor";
import { defineScheduler } from "./define-scheduler";
import { dpmSolverSchedule } from "./dpm-solver-schedule";
import { exponentialShiftSchema } from "./flow-shift";
import { lambdaOf, mixtureAt } from "./log-snr-step";
import { multistepOrder } from "./multistep-order";
import { type Mixture, predictedNoise } from "./prediction";
import type { Schedule, Scheduler } from "./scheduler";
import { sigmaSpacing } from "./sigma-spacing";
import { mix } from "./signal-level";
import { type SolverOptions, solverSchemas } from "./solver-options";
import { solverPrediction } from "./solver-prediction";
import { trainingSigmasOf } from "./training-sigmas";
import { type Term, weightedSum } from "./weighted-sum";

export interface DeisMultistepOptions extends Omit<SolverOptions, "final_sigmas_type" | "rescale_betas_zero_snr"> {
  /** DPM-Solver's are read as `deis`. */
  algorithm_type: "deis" | "dpmsolver" | "dpmsolver++";
  /** Other solvers' types are read as `logrho`. */
  solver_type: "logrho" | "midpoint" | "heun" | "bh1" | "bh2";
}

const { final_sigmas_type: _, rescale_betas_zero_snr: __, ...solver } = solverSchemas();

export const deisMultistepSchema = optionsSchema<DeisMultistepOptions>({
  ...solver,
  solver_order: integer(2, { minimum: 1, description: "How many predictions make a step; 3 at most are used." }),
  time_shift_type: exponentialShiftSchema,
  algorithm_type: choice("deis", ["deis", "dpmsolver", "dpmsolver++"]),
  solver_type: choice("logrho", ["logrho", "midpoint", "heun", "bh1", "bh2"]),
});

const { fround } = Math;
const name = "DEISMultistepScheduler";
const maxOrder = 3;

/**
 * DEIS, https://arxiv.org/abs/2204.13902, with polynomials in the logarithm of rho (formula 15): Adams-Bashforth for
 * the predicted noise, whose weight in the sample over its signal is rho.
 *
 * | here    | paper | is                                      |
 * | ------- | ----- | --------------------------------------- |
 * | rho     | rho   | noise over signal                       |
 * | outputs | eps   | last predictions of noise, newest first |
 */
export class DEISMultistepScheduler implements Scheduler {
  readonly timesteps: Float32Array;
  readonly sigmas: Float32Array;
  readonly initNoiseSigma = 1;
  readonly order = 1;
  private outputs: Float32Array[] = [];

  /** @throws SKIPSTEP_SCHEDULE_INVALID, SKIPSTEP_SCHEDULER_OPTIONS_CONFLICT */
  constructor(
    private readonly options: DeisMultistepOptions,
    schedule: Schedule,
  ) {
    const table = trainingSigmasOf(options);
    const spaced = { ...options, use_lu_lambdas: false, lambda_min_clipped: null };
    const { timesteps, sigmas } = dpmSolverSchedule(name, spaced, table, schedule, []);
    this.timesteps = timesteps;
    // With a spacing of levels the last step goes nowhere.
    const isSpaced = options.use_flow_sigmas || sigmaSpacing(name, options) !== undefined;
    this.sigmas = Float32Array.of(...sigmas, isSpaced ? sigmas.at(-1)! : table[0]!);
  }

  scaleModelInput(sample: Floats): Floats {
    return sample;
  }

  step(modelOutput: Floats, index: number, sample: Floats): Floats {
    const [from, to] = [this.mixture(index), this.mixture(index + 1)];
    const level = this.sigmas[index]!;
    const image = solverPrediction(this.options, "image", level, sample, modelOutput);
    // What is told as a flow is taken as one, even where the levels are a diffusion's.
    const sigma = this.options.prediction_type === "flow_prediction" ? level : from.sigma;
    const noise = predictedNoise("sample", { alpha: from.alpha, sigma }, sample.data, image);
    const most = Math.min(this.options.solver_order, maxOrder);
    this.outputs = [noise, ...this.outputs].slice(0, most);
    const rule = {
      ...this.options,
      solver_order: most,
      euler_at_final: false,
      final_sigmas_type: "sigma_min",
    } as const;
    const order = multistepOrder(rule, index, this.timesteps.length, this.outputs.length);
    if (order === 1) {
      const growth = fround(Math.exp(fround(lambdaOf(to) - lambdaOf(from)))) - 1;
      return floats(sample.shape, weightedSum([to.alpha / from.alpha, sample.data], [-to.sigma * growth, noise]));
    }
    const rhos = Array.from({ length: order }, (_, i) => rhoOf(this.mixture(index - i)));
    const terms = rhos.map((_, i): Term => [to.alpha * weightOf(rhos, i, rhoOf(to)), this.outputs[i]!]);
    return floats(sample.shape, weightedSum([to.alpha / from.alpha, sample.data], ...terms));
  }

  addNoise(original: Floats, noise: Floats, index: number): Floats {
    return mix(this.mixture(index), original, noise);
  }

  private mixture(index: number): Mixture {
    return mixtureAt(this.sigmas[index]!, this.options.use_flow_sigmas);
  }
}

function rhoOf({ alpha, sigma }: Mixture): number {
  return sigma / alpha;
}

/**
 * Integral from `rhos[0]` to `end` of the Lagrange polynomial in log rho that is 1 at `rhos[which]` and 0 at the others.
 */
function weightOf(rhos: readonly number[], which: number, end: number): number {
  const own = Math.log(rhos[which]!);
  const others = rhos.filter((_, i) => i !== which).map(Math.log);
  const scale = others.reduce((product, other) => product * (own - other), 1);
  const integral = (rho: number): number => {
    const x = Math.log(rho);
    const [b = 0, c] = others;
    // Of x - b and of (x - b)(x - c), by rho.
    return c === undefined ? rho * (x - 1 - b) : rho * (x * x - 2 * x + 2 - (b + c) * (x - 1) + b * c);
  };
  return (integral(end) - integral(rhos[0]!)) / scale;
}

export const deisMultistep = defineScheduler("DEISMultistepScheduler", deisMultistepSchema, DEISMultistepScheduler);
