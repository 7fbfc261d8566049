import type { Generator } from "../random";
import { roundHalfEven } from "../round-half-even";
import { flag, number, optionsSchema } from "../schema/option";
import { type Floats, floats } from "../tensor";
import { alphasCumprod, type BetaOptions, betaSchemas, linearBetas } from "./betas";
import { batchOf, boundImage, type ClipOptions, clipSchemas, type ThresholdOptions, thresholdSchemas } from "./clip";
import { defineScheduler } from "./define-scheduler";
import { drawNoise } from "./draw-noise";
import {
  type DiffusionPrediction,
  diffusionPredictions,
  predictedImage,
  predictedNoise,
  predictionSchema,
} from "./prediction";
import { inferenceSteps } from "./schedule-steps";
import type { Schedule, Scheduler } from "./scheduler";
import { mix, mixtureOf, noiseLevels } from "./signal-level";
import { type SpacingOptions, spaceTimesteps, spacingSchemas } from "./spacing";
import { weightedSum } from "./weighted-sum";

export interface DdimOptions extends BetaOptions, ClipOptions, ThresholdOptions, SpacingOptions {
  /** Whether the last step goes to a clean image, or to the noise of timestep 0. */
  set_alpha_to_one: boolean;
  prediction_type: DiffusionPrediction;
  rescale_betas_zero_snr: boolean;
  /** Share of DDPM's noise that each step draws, 0..1. In diffusers it is an argument of the pipeline. */
  eta: number;
}

export const ddimSchema = optionsSchema<DdimOptions>({
  ...betaSchemas(linearBetas),
  ...clipSchemas(true),
  ...thresholdSchemas,
  ...spacingSchemas("leading"),
  set_alpha_to_one: flag(true, "The last step goes to a clean image instead of to timestep 0's noise."),
  prediction_type: predictionSchema(diffusionPredictions),
  rescale_betas_zero_snr: flag(false, "Make the noisiest timestep pure noise."),
  eta: number(0, { minimum: 0, maximum: 1, description: "Share of DDPM's noise that each step draws." }),
});

const name = "DDIMScheduler";

/**
 * DDIM, https://arxiv.org/abs/2010.02502, formula 12.
 *
 * | here      | paper     | is                                          |
 * | --------- | --------- | ------------------------------------------- |
 * | alpha     | alpha_t   | share of the signal's power left at t, 0..1 |
 * | image     | f_theta   | the clean sample that the prediction implies |
 * | deviation | sigma_t   | of the noise drawn in this step             |
 */
export class DDIMScheduler implements Scheduler {
  readonly timesteps: Float32Array;
  readonly sigmas: Float32Array;
  readonly initNoiseSigma = 1;
  readonly order = 1;
  private readonly alphas: Float32Array;
  private readonly stride: number;

  /** @throws SKIPSTEP_SCHEDULE_INVALID */
  constructor(
    private readonly options: DdimOptions,
    schedule: Schedule,
  ) {
    const train = options.num_train_timesteps;
    const steps = inferenceSteps(name, schedule, [], train);
    this.alphas = alphasCumprod(options, options.rescale_betas_zero_snr);
    this.stride = Math.floor(train / steps);
    this.timesteps = Float32Array.from(spaceTimesteps(options, train, steps), roundHalfEven);
    this.sigmas = noiseLevels([...[...this.timesteps].map((t) => this.alphaAt(t)), this.alphaAfter(steps - 1)]);
  }

  scaleModelInput(sample: Floats): Floats {
    return sample;
  }

  step(modelOutput: Floats, index: number, sample: Floats, generator?: Generator): Floats {
    const { prediction_type, eta } = this.options;
    const alpha = this.alphaAt(this.timesteps[index]!);
    const next = this.alphaAfter(index);
    const now = mixtureOf(alpha);
    const image = predictedImage(prediction_type, now, sample.data, modelOutput.data);
    const bounded = boundImage(this.options, image, batchOf(sample));
    const noise = predictedNoise(prediction_type, now, sample.data, modelOutput.data);

    const deviation = eta * Math.sqrt(((1 - next) / (1 - alpha)) * (1 - alpha / next));
    const kept = Math.sqrt(1 - next - deviation ** 2);
    const moved = weightedSum([Math.sqrt(next), bounded], [kept, noise]);
    if (eta === 0) return floats(sample.shape, moved);
    return floats(sample.shape, weightedSum([1, moved], [deviation, drawNoise(name, generator, moved)]));
  }

  addNoise(original: Floats, noise: Floats, index: number): Floats {
    return mix(mixtureOf(this.alphaAt(this.timesteps[index]!)), original, noise);
  }

  /** One stride down, which is not always the next timestep of the schedule. */
  private alphaAfter(index: number): number {
    return this.alphaAt(this.timesteps[index]! - this.stride);
  }

  private alphaAt(timestep: number): number {
    if (timestep < 0) return this.options.set_alpha_to_one ? 1 : this.alphas[0]!;
    return this.alphas[Math.min(timestep, this.alphas.length - 1)]!;
  }
}

export const ddim = defineScheduler("DDIMScheduler", ddimSchema, DDIMScheduler);
