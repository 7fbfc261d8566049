import { optionsSchema } from "../schema/option";
import { type Floats, floats } from "../tensor";
import { defineScheduler } from "./define-scheduler";
import { type KDpm2Options, kDpm2Schedule, kDpm2Schemas } from "./k-dpm-2-schedule";
import type { Schedule, Scheduler } from "./scheduler";
import { addNoiseAt, direction, imageAt, initialNoise, toUnitVariance } from "./sigma-sample";
import { weightedSum } from "./weighted-sum";

export const kDpm2DiscreteSchema = optionsSchema<KDpm2Options>(kDpm2Schemas);

const name = "KDPM2DiscreteScheduler";

/**
 * DPM-Solver-2, https://arxiv.org/abs/2206.00927, by noise levels as in https://github.com/crowsonkb/k-diffusion: a step to
 * the middle, and the whole step with the direction that was found there. The last step is Euler's, so that there are
 * `2 n - 1` calls.
 *
 * | here      | is                                        |
 * | --------- | ----------------------------------------- |
 * | sigma     | noise level: sample = image + sigma noise |
 * | image     | the clean sample that the output implies  |
 * | direction | derivative of the sample by sigma         |
 */
export class KDPM2DiscreteScheduler implements Scheduler {
  readonly timesteps: Float32Array;
  readonly sigmas: Float32Array;
  readonly initNoiseSigma: number;
  readonly order = 2;
  private start: Float32Array = new Float32Array();

  /** @throws SKIPSTEP_SCHEDULE_INVALID, SKIPSTEP_SCHEDULER_OPTIONS_CONFLICT */
  constructor(
    private readonly options: KDpm2Options,
    schedule: Schedule,
  ) {
    const { timesteps, sigmas } = kDpm2Schedule(name, options, schedule, (_, next) => next);
    this.timesteps = timesteps;
    this.sigmas = sigmas;
    this.initNoiseSigma = initialNoise(options.timestep_spacing, sigmas);
  }

  scaleModelInput(sample: Floats, index: number): Floats {
    return toUnitVariance(sample, this.sigmas[index]!);
  }

  step(modelOutput: Floats, index: number, sample: Floats): Floats {
    const sigma = this.sigmas[index]!;
    const next = this.sigmas[index + 1]!;
    const image = imageAt(this.options.prediction_type, sigma, sample.data, modelOutput.data);
    const towards = direction(sample.data, image, sigma);
    const isMiddle = index % 2 === 1;
    if (!isMiddle) this.start = sample.data;
    const from = isMiddle ? this.sigmas[index - 1]! : sigma;
    return floats(sample.shape, weightedSum([1, this.start], [next - from, towards]));
  }

  addNoise(original: Floats, noise: Floats, index: number): Floats {
    return addNoiseAt(this.sigmas[index]!, original, noise);
  }
}

export const kDpm2Discrete = defineScheduler("KDPM2DiscreteScheduler", kDpm2DiscreteSchema, KDPM2DiscreteScheduler);
