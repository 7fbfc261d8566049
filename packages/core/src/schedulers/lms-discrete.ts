import { optionsSchema } from "../schema/option";
import { type Floats, floats } from "../tensor";
import { type BetaOptions, betaSchemas, linearBetas } from "./betas";
import { defineScheduler } from "./define-scheduler";
import { type DiffusionPrediction, diffusionPredictions, predictionSchema } from "./prediction";
import { inferenceSteps } from "./schedule-steps";
import type { Schedule, Scheduler } from "./scheduler";
import { addNoiseAt, direction, imageAt, initialNoise, toUnitVariance } from "./sigma-sample";
import { sigmaSchedule } from "./sigma-schedule";
import { type SigmaSpacingOptions, sigmaSpacingSchemas } from "./sigma-spacing";
import { type SpacingOptions, spacingSchemas } from "./spacing";
import { trainingSigmasOf } from "./training-sigmas";
import { type Term, weightedSum } from "./weighted-sum";

export interface LmsDiscreteOptions extends BetaOptions, SigmaSpacingOptions, SpacingOptions {
  prediction_type: DiffusionPrediction;
}

export const lmsDiscreteSchema = optionsSchema<LmsDiscreteOptions>({
  ...betaSchemas(linearBetas),
  ...sigmaSpacingSchemas,
  ...spacingSchemas("linspace"),
  prediction_type: predictionSchema(diffusionPredictions),
});

const name = "LMSDiscreteScheduler";
const maxOrder = 4;

/**
 * Linear multistep method of up to four directions, from https://github.com/crowsonkb/k-diffusion: Adams-Bashforth
 * for levels that are not evenly spaced.
 *
 * | here       | is                                                    |
 * | ---------- | ----------------------------------------------------- |
 * | sigma      | noise level: sample = image + sigma noise             |
 * | directions | last derivatives of the sample by sigma, newest first |
 */
export class LMSDiscreteScheduler implements Scheduler {
  readonly timesteps: Float32Array;
  readonly sigmas: Float32Array;
  readonly initNoiseSigma: number;
  readonly order = 1;
  private directions: Float32Array[] = [];

  /** @throws SKIPSTEP_SCHEDULE_INVALID, SKIPSTEP_SCHEDULER_OPTIONS_CONFLICT */
  constructor(
    private readonly options: LmsDiscreteOptions,
    schedule: Schedule,
  ) {
    inferenceSteps(name, schedule, [], options.num_train_timesteps);
    const { timesteps, sigmas } = sigmaSchedule(name, options, trainingSigmasOf(options), schedule);
    this.timesteps = timesteps;
    this.sigmas = Float32Array.of(...sigmas, 0);
    this.initNoiseSigma = initialNoise(options.timestep_spacing, this.sigmas);
  }

  scaleModelInput(sample: Floats, index: number): Floats {
    return toUnitVariance(sample, this.sigmas[index]!);
  }

  step(modelOutput: Floats, index: number, sample: Floats): Floats {
    const sigma = this.sigmas[index]!;
    const image = imageAt(this.options.prediction_type, sigma, sample.data, modelOutput.data);
    this.directions = [direction(sample.data, image, sigma), ...this.directions].slice(0, maxOrder);
    // Begun in the middle (image-to-image), the reference takes the order from the index all the same.
    const order = Math.min(index + 1, maxOrder);
    const terms = this.directions.map((values, i): Term => [this.coefficient(order, index, i), values]);
    return floats(sample.shape, weightedSum([1, sample.data], ...terms));
  }

  addNoise(original: Floats, noise: Floats, index: number): Floats {
    return addNoiseAt(this.sigmas[index]!, original, noise);
  }

  /** Integral over this step of the Lagrange polynomial that is 1 at call `index - which` and 0 at the others. */
  private coefficient(order: number, index: number, which: number): number {
    const { sigmas } = this;
    const polynomial = (tau: number) => {
      let product = 1;
      for (let k = 0; k < order; k++) {
        if (k !== which) product *= (tau - sigmas[index - k]!) / (sigmas[index - which]! - sigmas[index - k]!);
      }
      return product;
    };
    // Gauss-Legendre with two points is exact up to degree 3, that is order 4.
    const half = (sigmas[index + 1]! - sigmas[index]!) / 2;
    const middle = (sigmas[index + 1]! + sigmas[index]!) / 2;
    return half * (polynomial(middle - half / Math.sqrt(3)) + polynomial(middle + half / Math.sqrt(3)));
  }
}

export const lmsDiscrete = defineScheduler("LMSDiscreteScheduler", lmsDiscreteSchema, LMSDiscreteScheduler);
