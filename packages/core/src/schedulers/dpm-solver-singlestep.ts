import { schedulerOptionsConflict } from "../errors/schedulers";
import type { Generator } from "../random";
import { choice, flag, optionsSchema } from "../schema/option";
import { type Floats, floats } from "../tensor";
import { defineScheduler } from "./define-scheduler";
import { type DpmSolverScheduleOptions, dpmSolverSchedule, lambdaMinSchema } from "./dpm-solver-schedule";
import { type DpmSolverStep, type DpmSolverType, dpmSolverStep, solverTypeSchema } from "./dpm-solver-step";
import { drawNoise } from "./draw-noise";
import { exponentialShiftSchema } from "./flow-shift";
import { lambdaOf, mixtureAt } from "./log-snr-step";
import type { Mixture } from "./prediction";
import type { Schedule, Scheduler } from "./scheduler";
import { mix } from "./signal-level";
import { type SolverOptions, solverSchemas } from "./solver-options";
import { solverPrediction } from "./solver-prediction";
import { trainingSigmasOf } from "./training-sigmas";
import { type Term, weightedSum, weightedSumOver } from "./weighted-sum";

type Options = Omit<SolverOptions, "timestep_spacing" | "steps_offset" | "rescale_betas_zero_snr"> &
  Pick<DpmSolverScheduleOptions, "lambda_min_clipped">;

export interface DpmSolverSinglestepOptions extends Options {
  /** `++` works with predicted images, the other with predicted noise; `sde` draws noise. `deis` is read as `dpmsolver++`. */
  algorithm_type: "dpmsolver++" | "sde-dpmsolver++" | "dpmsolver" | "deis";
  solver_type: DpmSolverType;
  /** A variance that the model predicts is not used. */
  variance_type: string | null;
}

const { timestep_spacing: _, steps_offset: __, rescale_betas_zero_snr: ___, ...solver } = solverSchemas(3);

export const dpmSolverSinglestepSchema = optionsSchema<DpmSolverSinglestepOptions>({
  ...solver,
  time_shift_type: exponentialShiftSchema,
  algorithm_type: choice("dpmsolver++", ["dpmsolver++", "sde-dpmsolver++", "dpmsolver", "deis"]),
  solver_type: solverTypeSchema("Solver of orders 2 and 3."),
  lower_order_final: flag(false, "Lower the order of the last steps."),
  variance_type: { type: ["string", "null"], default: null },
  lambda_min_clipped: lambdaMinSchema,
});

const name = "DPMSolverSinglestepScheduler";
const { fround } = Math;

/**
 * DPM-Solver (https://arxiv.org/abs/2206.00927) and DPM-Solver++ (https://arxiv.org/abs/2211.01095) as single steps: one
 * of order n takes n calls, each of which goes on from where the step began.
 *
 * | here    | paper          | is                                                       |
 * | ------- | -------------- | -------------------------------------------------------- |
 * | lambda  | lambda         | half the logarithm of signal over noise                  |
 * | outputs | x_theta or eps | predictions of this step, newest first                   |
 * | start   | x_s            | the sample where the step began                          |
 */
export class DPMSolverSinglestepScheduler implements Scheduler {
  readonly timesteps: Float32Array;
  readonly sigmas: Float32Array;
  readonly initNoiseSigma = 1;
  readonly order = 1;
  private readonly predicts: "image" | "noise";
  private readonly isStochastic: boolean;
  private readonly orders: readonly number[];
  private outputs: Float32Array[] = [];
  private start: Float32Array = new Float32Array();

  /** @throws SKIPSTEP_SCHEDULE_INVALID, SKIPSTEP_SCHEDULER_OPTIONS_CONFLICT */
  constructor(
    private readonly options: DpmSolverSinglestepOptions,
    schedule: Schedule,
  ) {
    const { algorithm_type, final_sigmas_type, thresholding } = options;
    this.isStochastic = algorithm_type.startsWith("sde");
    this.predicts = algorithm_type === "dpmsolver" ? "noise" : "image";
    if (this.predicts === "noise" && final_sigmas_type === "zero")
      throw schedulerOptionsConflict(name, ["algorithm_type", "final_sigmas_type"], "set the latter to sigma_min.");
    if (this.predicts === "noise" && thresholding)
      throw schedulerOptionsConflict(name, ["algorithm_type", "thresholding"], "set the former to dpmsolver++."); // fails there
    const table = trainingSigmasOf(options);
    const spaced: DpmSolverScheduleOptions = {
      ...options,
      timestep_spacing: "linspace",
      steps_offset: 0,
      use_lu_lambdas: false,
    };
    const { timesteps, sigmas } = dpmSolverSchedule(name, spaced, table, schedule);
    this.timesteps = timesteps;
    this.sigmas = Float32Array.of(...sigmas, final_sigmas_type === "sigma_min" ? table[0]! : 0);
    this.orders = ordersOf(options, timesteps.length);
  }

  scaleModelInput(sample: Floats): Floats {
    return sample;
  }

  step(modelOutput: Floats, index: number, sample: Floats, generator?: Generator): Floats {
    const output = solverPrediction(this.options, this.predicts, this.sigmas[index]!, sample, modelOutput);
    this.outputs = [output, ...this.outputs].slice(0, this.options.solver_order);
    const noise = this.isStochastic ? drawNoise(name, generator, output) : undefined;
    // Image-to-image may begin in the middle of a step.
    const order = Math.min(this.orders[index]!, this.outputs.length);
    if (order === 1) this.start = sample.data;
    const base = index - order + 1;
    const step = dpmSolverStep(this.mixture(base), this.mixture(index + 1), this.predicts, this.isStochastic);
    if (step.h === 0) return floats(sample.shape, this.start);
    const drawn: Term[] = noise === undefined ? [] : [[step.deviation, noise]];
    const moved = weightedSum([step.keep, this.start], ...this.change(step, base, order), ...drawn);
    return floats(sample.shape, moved);
  }

  addNoise(original: Floats, noise: Floats, index: number): Floats {
    return mix(this.mixture(index), original, noise);
  }

  /** The first prediction of the step, and how it changes: by the last one, or by both of the later ones. */
  private change(step: DpmSolverStep, base: number, order: number): Term[] {
    const { solver_type } = this.options;
    const first = this.outputs[order - 1]!;
    const value: Term = [step.value, first];
    if (order === 1) return [value];
    const place = (index: number): number => fround(fround(this.lambda(index) - this.lambda(base)) / step.h);
    const r0 = place(base + order - 1);
    const whole = weightedSumOver(r0, [1, this.outputs[0]!], [-1, first]);
    if (order === 2) return [value, [solver_type === "heun" ? step.slope : step.middle, whole]];
    if (solver_type !== "heun") return [value, [step.slope, whole]];
    const r1 = place(base + 1);
    const near = weightedSumOver(r1, [1, this.outputs[1]!], [-1, first]);
    const slope = weightedSumOver(r0 - r1, [r0, near], [-r1, whole]);
    const bend = weightedSumOver(r0 - r1, [2, whole], [-2, near]);
    return [value, [step.slope, slope], [step.bend, bend]];
  }

  private lambda(index: number): number {
    return lambdaOf(this.mixture(index));
  }

  private mixture(index: number): Mixture {
    return mixtureAt(this.sigmas[index]!, this.options.use_flow_sigmas);
  }
}

/**
 * Which of a step's calls each call is: 1, 2, 3, 1, 2, 3, ... The last one begins a step of its own where the schedule ends
 * without noise, and with `lower_order_final` where steps come out even.
 */
function ordersOf(options: DpmSolverSinglestepOptions, calls: number): number[] {
  const { solver_order, lower_order_final, final_sigmas_type } = options;
  const orders = Array.from({ length: calls }, (_, i) => (i % solver_order) + 1);
  const isLower = lower_order_final && calls % solver_order === 0;
  if (isLower || final_sigmas_type === "zero") orders[calls - 1] = 1;
  return orders;
}

export const dpmSolverSinglestep = defineScheduler(
  "DPMSolverSinglestepScheduler",
  dpmSolverSinglestepSchema,
  DPMSolverSinglestepScheduler,
);
