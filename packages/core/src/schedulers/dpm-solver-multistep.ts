import { schedulerOptionsConflict } from "../errors/schedulers";
import type { Generator } from "../random";
import { choice, flag, optionsSchema } from "../schema/option";
import { type Floats, floats } from "../tensor";
import { defineScheduler } from "./define-scheduler";
import { type DpmSolverScheduleOptions, dpmSolverSchedule, lambdaMinSchema } from "./dpm-solver-schedule";
import { type DpmSolverType, dpmSolverStep, multistepTerms, solverTypeSchema } from "./dpm-solver-step";
import { drawNoise } from "./draw-noise";
import { exponentialShiftSchema } from "./flow-shift";
import { lambdaOf, mixtureAt } from "./log-snr-step";
import { multistepOrder } from "./multistep-order";
import type { Mixture } from "./prediction";
import type { Schedule, Scheduler } from "./scheduler";
import { mix } from "./signal-level";
import { type SolverOptions, solverSchemas } from "./solver-options";
import { solverPrediction } from "./solver-prediction";
import { trainingSigmasOf } from "./training-sigmas";
import { type Term, weightedSum } from "./weighted-sum";

export interface DpmSolverMultistepOptions extends SolverOptions, DpmSolverScheduleOptions {
  /** `++` works with predicted images, the others with predicted noise; `sde` draws noise. `deis` is read as `dpmsolver++`. */
  algorithm_type: "dpmsolver++" | "sde-dpmsolver++" | "dpmsolver" | "sde-dpmsolver" | "deis";
  /** Of order 2. Other solvers' types are read as `midpoint`. */
  solver_type: DpmSolverType;
  /** Order 1 for the last step. */
  euler_at_final: boolean;
  /** A variance that the model predicts is not used. */
  variance_type: string | null;
}

export const dpmSolverMultistepSchema = optionsSchema<DpmSolverMultistepOptions>({
  ...solverSchemas(3),
  time_shift_type: exponentialShiftSchema,
  algorithm_type: choice("dpmsolver++", ["dpmsolver++", "sde-dpmsolver++", "dpmsolver", "sde-dpmsolver", "deis"]),
  solver_type: solverTypeSchema(),
  euler_at_final: flag(false, "Order 1 for the last step."),
  variance_type: { type: ["string", "null"], default: null },
  use_lu_lambdas: flag(false, "Space lambda evenly."),
  lambda_min_clipped: lambdaMinSchema,
});

const { fround } = Math;
const name = "DPMSolverMultistepScheduler";

/**
 * DPM-Solver (https://arxiv.org/abs/2206.00927) and DPM-Solver++ (https://arxiv.org/abs/2211.01095) with the
 * predictions of earlier calls, as ODE or SDE.
 *
 * | here        | paper          | is                                                     |
 * | ----------- | -------------- | ------------------------------------------------------ |
 * | lambda      | lambda         | half the logarithm of signal over noise                |
 * | outputs     | x_theta or eps | last predictions, newest first                         |
 * | slope, bend | D_1, D_2       | their derivatives by lambda, in units of this step's h |
 */
export class DPMSolverMultistepScheduler implements Scheduler {
  readonly timesteps: Float32Array;
  readonly sigmas: Float32Array;
  readonly initNoiseSigma = 1;
  readonly order = 1;
  private readonly predicts: "image" | "noise";
  private readonly isStochastic: boolean;
  private outputs: Float32Array[] = [];

  /** @throws SKIPSTEP_SCHEDULE_INVALID, SKIPSTEP_SCHEDULER_OPTIONS_CONFLICT */
  constructor(
    private readonly options: DpmSolverMultistepOptions,
    schedule: Schedule,
  ) {
    const { algorithm_type, final_sigmas_type } = options;
    this.isStochastic = algorithm_type.startsWith("sde");
    this.predicts = algorithm_type.endsWith("dpmsolver") ? "noise" : "image";
    if (this.predicts === "noise" && final_sigmas_type === "zero") {
      throw schedulerOptionsConflict(name, ["algorithm_type", "final_sigmas_type"], "set the latter to sigma_min.");
    }
    if (algorithm_type === "sde-dpmsolver" && options.solver_order === 3) {
      throw schedulerOptionsConflict(name, ["algorithm_type", "solver_order"], "sde-dpmsolver goes up to order 2.");
    }
    const table = trainingSigmasOf(options, options.rescale_betas_zero_snr);
    const { timesteps, sigmas } = dpmSolverSchedule(name, options, table, schedule);
    this.timesteps = timesteps;
    this.sigmas = Float32Array.of(...sigmas, final_sigmas_type === "sigma_min" ? table[0]! : 0);
  }

  scaleModelInput(sample: Floats): Floats {
    return sample;
  }

  step(modelOutput: Floats, index: number, sample: Floats, generator?: Generator): Floats {
    const { solver_order, solver_type } = this.options;
    const output = solverPrediction(this.options, this.predicts, this.sigmas[index]!, sample, modelOutput);
    this.outputs = [output, ...this.outputs].slice(0, solver_order);
    const noise = this.isStochastic ? drawNoise(name, generator, output) : undefined;
    const step = dpmSolverStep(this.mixture(index), this.mixture(index + 1), this.predicts, this.isStochastic);
    if (step.h === 0) return sample;
    const change = multistepTerms(
      step,
      multistepOrder(this.options, index, this.timesteps.length, this.outputs.length),
      solver_type,
      this.outputs,
      () => this.distance(index, step.h),
      () => this.distance(index - 1, step.h),
    );
    const drawn: Term[] = noise === undefined ? [] : [[step.deviation, noise]];
    return floats(sample.shape, weightedSum([step.keep, sample.data], ...change, ...drawn));
  }

  addNoise(original: Floats, noise: Floats, index: number): Floats {
    return mix(this.mixture(index), original, noise);
  }

  /** From the prediction before to that of a call, in units of h. */
  private distance(index: number, h: number): number {
    return fround(fround(lambdaOf(this.mixture(index)) - lambdaOf(this.mixture(index - 1))) / h);
  }

  private mixture(index: number): Mixture {
    return mixtureAt(this.sigmas[index]!, this.options.use_flow_sigmas);
  }
}

export const dpmSolverMultistep = defineScheduler(
  "DPMSolverMultistepScheduler",
  dpmSolverMultistepSchema,
  DPMSolverMultistepScheduler,
);
