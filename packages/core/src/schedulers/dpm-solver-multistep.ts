import { schedulerOptionsConflict } from "../errors/schedulers";
import type { Generator } from "../random";
import { type Floats, floats } from "../tensor";
import { type DpmSolverScheduleOptions, dpmSolverSchedule } from "./dpm-solver-schedule";
import { drawNoise } from "./draw-noise";
import { lambdaOf, logSnrStep, mixtureAt } from "./log-snr-step";
import { choice, flag, optionalNumber, optionsSchema } from "./option-schema";
import type { Mixture } from "./prediction";
import type { Schedule, Scheduler } from "./scheduler";
import { mix } from "./signal-level";
import { solverSchemas } from "./solver-options";
import { solverPrediction } from "./solver-prediction";
import { trainingSigmasOf } from "./training-sigmas";
import { type Term, weightedSum, weightedSumOver } from "./weighted-sum";

export interface DpmSolverMultistepOptions extends DpmSolverScheduleOptions {
  /** `++` works with predicted images, the others with predicted noise; `sde` draws noise. `deis` is read as `dpmsolver++`. */
  algorithm_type: "dpmsolver++" | "sde-dpmsolver++" | "dpmsolver" | "sde-dpmsolver" | "deis";
  /** Of order 2. Other solvers' types are read as `midpoint`. */
  solver_type: "midpoint" | "heun" | "logrho" | "bh1" | "bh2";
  /** Order 1 for the last step. */
  euler_at_final: boolean;
  /** A variance that the model predicts is not used. */
  variance_type: string | null;
}

export const dpmSolverMultistepSchema = optionsSchema<DpmSolverMultistepOptions>({
  ...solverSchemas(3),
  time_shift_type: choice("exponential", ["exponential"]),
  algorithm_type: choice("dpmsolver++", ["dpmsolver++", "sde-dpmsolver++", "dpmsolver", "sde-dpmsolver", "deis"]),
  solver_type: choice("midpoint", ["midpoint", "heun", "logrho", "bh1", "bh2"], "Solver of order 2."),
  euler_at_final: flag(false, "Order 1 for the last step."),
  variance_type: { type: ["string", "null"], default: null },
  use_lu_lambdas: flag(false, "Space lambda evenly."),
  lambda_min_clipped: optionalNumber({ description: "Do not visit timesteps of lower lambda." }),
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
    const output = solverPrediction(this.options, this.predicts, this.sigmas[index]!, sample, modelOutput);
    this.outputs = [output, ...this.outputs].slice(0, this.options.solver_order);
    const noise = this.isStochastic ? drawNoise(name, generator, output) : undefined;
    const to = this.mixture(index + 1);
    const { h, keep, gain, z } = logSnrStep(this.mixture(index), to, this.predicts);
    if (h === 0) return sample;
    if (noise === undefined) {
      return floats(sample.shape, weightedSum([keep, sample.data], ...this.change(index, h, -gain, z)));
    }
    // The drift is twice as strong; the noise makes up for the half that is too much.
    const change =
      this.predicts === "image" ? this.change(index, h, -gain, 2 * z) : this.change(index, h, -2 * gain, z);
    const kept = this.predicts === "image" ? keep * Math.exp(-h) : keep;
    const deviation = to.sigma * Math.sqrt(Math.abs(Math.expm1(2 * z)));
    return floats(sample.shape, weightedSum([kept, sample.data], ...change, [deviation, noise]));
  }

  addNoise(original: Floats, noise: Floats, index: number): Floats {
    return mix(this.mixture(index), original, noise);
  }

  /** The prediction and its derivatives, integrated along the step; factors are the paper's phi functions. */
  private change(index: number, h: number, gain: number, z: number): Term[] {
    const order = this.orderAt(index);
    const [now, before, earlier] = this.outputs;
    // In float32 as the reference: of a short step, rounding is a good part of these.
    const phi = fround(fround(Math.exp(z)) - 1);
    const phi1 = fround(fround(phi / z) - 1);
    const value: Term = [gain * phi, now!];
    if (order === 1) return [value];

    const r0 = this.distance(index, h);
    const slope = weightedSumOver(r0, [1, now!], [-1, before!]);
    if (order === 2) return [value, [gain * (this.options.solver_type === "heun" ? phi1 : phi / 2), slope]];

    const r1 = this.distance(index - 1, h);
    const bend = weightedSumOver(r0 + r1, [1, slope], [-1, weightedSumOver(r1, [1, before!], [-1, earlier!])]);
    // The expansion has -1/2; for the SDE the reference has the other sign.
    const phi2 = fround(fround(phi - z) / fround(z ** 2)) + (this.isStochastic ? 0.5 : -0.5);
    return [value, [gain * phi1, weightedSum([1, slope], [r0, bend])], [gain * phi2, bend]];
  }

  /** From the prediction before to that of a call, in units of h. */
  private distance(index: number, h: number): number {
    return fround(fround(lambdaOf(this.mixture(index)) - lambdaOf(this.mixture(index - 1))) / h);
  }

  private orderAt(index: number): number {
    const { solver_order, lower_order_final, euler_at_final, final_sigmas_type } = this.options;
    const left = this.timesteps.length - index;
    const isShort = lower_order_final && this.timesteps.length < 15;
    if (left === 1 && (isShort || euler_at_final || final_sigmas_type === "zero")) return 1;
    return Math.min(solver_order, this.outputs.length, left === 2 && isShort ? 2 : solver_order);
  }

  private mixture(index: number): Mixture {
    return mixtureAt(this.sigmas[index]!, this.options.use_flow_sigmas);
  }
}
