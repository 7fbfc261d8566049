import { schedulerOptionsConflict } from "../errors/schedulers";
import type { Generator } from "../random";
import { choice, flag, integer, optionsSchema } from "../schema/option";
import { type Floats, floats } from "../tensor";
import { batchOf, type ThresholdOptions, threshold, thresholdSchemas } from "./clip";
import { defineScheduler } from "./define-scheduler";
import { type DpmSolverType, dpmSolverStep, multistepTerms, solverTypeSchema } from "./dpm-solver-step";
import { drawNoise } from "./draw-noise";
import { type EdmOptions, edmImage, edmInitialNoise, edmInput, edmSchedule, edmSchemas } from "./edm";
import { lambdaOf } from "./log-snr-step";
import { type MultistepOrderOptions, multistepOrder } from "./multistep-order";
import type { Mixture } from "./prediction";
import type { Schedule, Scheduler } from "./scheduler";
import { addNoiseAt } from "./sigma-sample";
import { type Term, weightedSum } from "./weighted-sum";

export interface EdmDpmSolverMultistepOptions extends EdmOptions, ThresholdOptions, MultistepOrderOptions {
  /** `deis` is read as `dpmsolver++`. */
  algorithm_type: "dpmsolver++" | "sde-dpmsolver++" | "deis";
  solver_type: DpmSolverType;
}

export const edmDpmSolverMultistepSchema = optionsSchema<EdmDpmSolverMultistepOptions>({
  ...edmSchemas,
  ...thresholdSchemas,
  solver_order: integer(2, { minimum: 1, maximum: 3 }),
  algorithm_type: choice("dpmsolver++", ["dpmsolver++", "sde-dpmsolver++", "deis"]),
  solver_type: solverTypeSchema(),
  lower_order_final: flag(true, "Lower the order of the last steps."),
  euler_at_final: flag(false, "Order 1 for the last step."),
});

const name = "EDMDPMSolverMultistepScheduler";

/**
 * DPM-Solver++ (https://arxiv.org/abs/2211.01095) for EDM models, https://arxiv.org/abs/2206.00364; Playground 2.5 has it.
 *
 * | here    | paper   | is                                             |
 * | ------- | ------- | ---------------------------------------------- |
 * | sigma   | sigma   | noise level: sample = image + sigma noise      |
 * | lambda  | lambda  | minus the logarithm of sigma                   |
 * | outputs | x_theta | last predicted images, newest first            |
 */
export class EDMDPMSolverMultistepScheduler implements Scheduler {
  readonly timesteps: Float32Array;
  readonly sigmas: Float32Array;
  readonly initNoiseSigma: number;
  readonly order = 1;
  private readonly isStochastic: boolean;
  private outputs: Float32Array[] = [];

  /** @throws SKIPSTEP_SCHEDULE_INVALID, SKIPSTEP_SCHEDULER_OPTIONS_CONFLICT */
  constructor(
    private readonly options: EdmDpmSolverMultistepOptions,
    schedule: Schedule,
  ) {
    this.isStochastic = options.algorithm_type === "sde-dpmsolver++";
    if (this.isStochastic && options.solver_order === 3)
      throw schedulerOptionsConflict(name, ["algorithm_type", "solver_order"], "sde-dpmsolver++ goes up to order 2.");
    const { timesteps, sigmas } = edmSchedule(name, options, schedule, () => options.sigma_min);
    this.timesteps = timesteps;
    this.sigmas = sigmas;
    this.initNoiseSigma = edmInitialNoise(options);
  }

  scaleModelInput(sample: Floats, index: number): Floats {
    return edmInput(this.options, sample, this.sigmas[index]!);
  }

  step(modelOutput: Floats, index: number, sample: Floats, generator?: Generator): Floats {
    const { solver_order, solver_type } = this.options;
    const image = this.predictedImage(modelOutput, index, sample).data;
    this.outputs = [image, ...this.outputs].slice(0, solver_order);
    const noise = this.isStochastic ? drawNoise(name, generator, image) : undefined;
    const step = dpmSolverStep(this.mixture(index), this.mixture(index + 1), "image", this.isStochastic);
    if (step.h === 0) return sample;
    const order = multistepOrder(this.options, index, this.timesteps.length, this.outputs.length);
    const distance = (at: number) => () => (lambdaOf(this.mixture(at)) - lambdaOf(this.mixture(at - 1))) / step.h;
    const change = multistepTerms(step, order, solver_type, this.outputs, distance(index), distance(index - 1));
    const drawn: Term[] = noise === undefined ? [] : [[step.deviation, noise]];
    return floats(sample.shape, weightedSum([step.keep, sample.data], ...change, ...drawn));
  }

  predictedImage(modelOutput: Floats, index: number, sample: Floats): Floats {
    const image = edmImage(this.options, this.sigmas[index]!, sample.data, modelOutput.data);
    return floats(sample.shape, this.options.thresholding ? threshold(this.options, image, batchOf(sample)) : image);
  }

  addNoise(original: Floats, noise: Floats, index: number): Floats {
    return addNoiseAt(this.sigmas[index]!, original, noise);
  }

  private mixture(index: number): Mixture {
    return { alpha: 1, sigma: this.sigmas[index]! };
  }
}

export const edmDpmSolverMultistep = defineScheduler(
  "EDMDPMSolverMultistepScheduler",
  edmDpmSolverMultistepSchema,
  EDMDPMSolverMultistepScheduler,
);
