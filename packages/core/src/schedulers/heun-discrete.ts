import { optionsSchema } from "../schema/option";
import { type Floats, floats } from "../tensor";
import { type BetaOptions, betaSchemas } from "./betas";
import { type ClipOptions, clip, clipSchemas } from "./clip";
import { defineScheduler } from "./define-scheduler";
import { afterPairs, pairUp } from "./heun-pairs";
import { type DiffusionPrediction, diffusionPredictions, predictionSchema } from "./prediction";
import { inferenceSteps } from "./schedule-steps";
import type { Schedule, Scheduler } from "./scheduler";
import { addNoiseAt, direction, imageAt, initialNoise, toUnitVariance } from "./sigma-sample";
import { sigmaSchedule } from "./sigma-schedule";
import { type SigmaSpacingOptions, sigmaSpacingSchemas } from "./sigma-spacing";
import { type SpacingOptions, spacingSchemas } from "./spacing";
import { trainingSigmasOf } from "./training-sigmas";
import { weightedSum } from "./weighted-sum";

export interface HeunDiscreteOptions extends BetaOptions, ClipOptions, SigmaSpacingOptions, SpacingOptions {
  prediction_type: DiffusionPrediction;
}

export const heunDiscreteSchema = optionsSchema<HeunDiscreteOptions>({
  ...betaSchemas({ beta_start: 0.00085, beta_end: 0.012, beta_schedule: "linear" }, ["exp"]),
  ...clipSchemas(false),
  ...sigmaSpacingSchemas,
  ...spacingSchemas("linspace"),
  prediction_type: predictionSchema(diffusionPredictions),
});

const name = "HeunDiscreteScheduler";

/** What the first call of a step leaves to the second. */
interface Prediction {
  readonly sample: Float32Array;
  readonly direction: Float32Array;
  readonly distance: number;
}

/**
 * Heun's method, https://arxiv.org/abs/2206.00364, algorithm 1: each step is tried with Euler and repeated with the
 * mean of the directions at both ends. The last step is Euler's, so that there are `2 n - 1` calls.
 *
 * | here      | paper | is                                        |
 * | --------- | ----- | ----------------------------------------- |
 * | sigma     | t     | noise level: sample = image + sigma noise |
 * | image     | D     | the clean sample that the output implies  |
 * | direction | d, d' | derivative of the sample by sigma         |
 */
export class HeunDiscreteScheduler implements Scheduler {
  readonly timesteps: Float32Array;
  readonly sigmas: Float32Array;
  readonly initNoiseSigma: number;
  readonly order = 2;
  private tried: Prediction | undefined;

  /** @throws SKIPSTEP_SCHEDULE_INVALID, SKIPSTEP_SCHEDULER_OPTIONS_CONFLICT */
  constructor(
    private readonly options: HeunDiscreteOptions,
    schedule: Schedule,
  ) {
    inferenceSteps(name, schedule, ["timesteps"], options.num_train_timesteps);
    const { timesteps, sigmas } = sigmaSchedule(name, options, trainingSigmasOf(options), schedule);
    this.timesteps = pairUp(timesteps);
    this.sigmas = afterPairs(sigmas, 0);
    this.initNoiseSigma = initialNoise(options.timestep_spacing, this.sigmas);
  }

  scaleModelInput(sample: Floats, index: number): Floats {
    return toUnitVariance(sample, this.sigmas[index]!);
  }

  step(modelOutput: Floats, index: number, sample: Floats): Floats {
    const sigma = this.sigmas[index]!;
    const image = imageAt(this.options.prediction_type, sigma, sample.data, modelOutput.data);
    const bounded = this.options.clip_sample ? clip(image, this.options.clip_sample_range) : image;
    const towards = direction(sample.data, bounded, sigma);
    const { tried } = this;
    if (tried === undefined) {
      const distance = this.sigmas[index + 1]! - sigma;
      this.tried = { sample: sample.data, direction: towards, distance };
      return floats(sample.shape, weightedSum([1, sample.data], [distance, towards]));
    }
    this.tried = undefined;
    const half = tried.distance / 2;
    return floats(sample.shape, weightedSum([1, tried.sample], [half, tried.direction], [half, towards]));
  }

  addNoise(original: Floats, noise: Floats, index: number): Floats {
    return addNoiseAt(this.sigmas[index]!, original, noise);
  }
}

export const heunDiscrete = defineScheduler("HeunDiscreteScheduler", heunDiscreteSchema, HeunDiscreteScheduler);
