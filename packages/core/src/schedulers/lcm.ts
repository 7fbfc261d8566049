import type { Generator } from "../random";
import { flag, number, optionsSchema } from "../schema/option";
import { type Floats, floats } from "../tensor";
import { alphasCumprod, type BetaOptions, betaSchemas } from "./betas";
import { batchOf, boundImage, type ClipOptions, clipSchemas, type ThresholdOptions, thresholdSchemas } from "./clip";
import { consistencyTimesteps } from "./consistency-steps";
import { defineScheduler } from "./define-scheduler";
import { drawNoise } from "./draw-noise";
import { type DiffusionPrediction, diffusionPredictions, predictedImage, predictionSchema } from "./prediction";
import type { Schedule, Scheduler } from "./scheduler";
import { mix, mixtureOf, noiseLevels } from "./signal-level";
import { type SpacingOptions, spacingSchemas } from "./spacing";
import { trainingSteps } from "./training-steps";
import { weightedSum } from "./weighted-sum";

/** `set_alpha_to_one`, `timestep_spacing` and `steps_offset` are read and without effect, as in the reference. */
export interface LcmOptions extends BetaOptions, ClipOptions, ThresholdOptions, SpacingOptions {
  /** Steps of the schedule that the model was distilled on. */
  original_inference_steps: number;
  set_alpha_to_one: boolean;
  prediction_type: DiffusionPrediction;
  /** Factor on the timestep where it weighs the sample against the predicted image. */
  timestep_scaling: number;
  rescale_betas_zero_snr: boolean;
}

export const lcmSchema = optionsSchema<LcmOptions>({
  ...betaSchemas({ beta_start: 0.00085, beta_end: 0.012, beta_schedule: "scaled_linear" }),
  ...clipSchemas(false),
  ...thresholdSchemas,
  ...spacingSchemas("leading"),
  original_inference_steps: trainingSteps(50, "Steps that the model was distilled on."),
  set_alpha_to_one: flag(true),
  prediction_type: predictionSchema(diffusionPredictions),
  timestep_scaling: number(10, { minimum: 0 }),
  rescale_betas_zero_snr: flag(false, "Make the noisiest timestep pure noise."),
});

const name = "LCMScheduler";
/** Deviation of the data, as the paper sets it. */
const dataSigma = 0.5;

/**
 * Multistep sampling of latent consistency models, https://arxiv.org/abs/2310.04378, algorithm 3.
 *
 * | here         | paper        | is                                             |
 * | ------------ | ------------ | ---------------------------------------------- |
 * | skip, out    | c_skip, c_out | shares of the sample and the predicted image   |
 * | denoised     | f_theta      | what the consistency function gives            |
 */
export class LCMScheduler implements Scheduler {
  readonly timesteps: Float32Array;
  readonly sigmas: Float32Array;
  readonly initNoiseSigma = 1;
  readonly order = 1;
  private readonly alphas: Float32Array;

  /** @throws SKIPSTEP_SCHEDULE_INVALID */
  constructor(
    private readonly options: LcmOptions,
    schedule: Schedule,
  ) {
    this.timesteps = consistencyTimesteps(name, options, schedule);
    this.alphas = alphasCumprod(options, options.rescale_betas_zero_snr);
    this.sigmas = noiseLevels([...[...this.timesteps].map((timestep) => this.alphas[timestep]!), 1]);
  }

  scaleModelInput(sample: Floats): Floats {
    return sample;
  }

  step(modelOutput: Floats, index: number, sample: Floats, generator?: Generator): Floats {
    const timestep = this.timesteps[index]!;
    const now = mixtureOf(this.alphas[timestep]!);
    const image = predictedImage(this.options.prediction_type, now, sample.data, modelOutput.data);
    const bounded = boundImage(this.options, image, batchOf(sample));

    const time = timestep * this.options.timestep_scaling;
    const spread = time ** 2 + dataSigma ** 2;
    const denoised = weightedSum([time / Math.sqrt(spread), bounded], [dataSigma ** 2 / spread, sample.data]);
    if (index === this.timesteps.length - 1) return floats(sample.shape, denoised);

    const noise = drawNoise(name, generator, denoised);
    const next = mixtureOf(this.alphas[this.timesteps[index + 1]!]!);
    return mix(next, floats(sample.shape, denoised), floats(sample.shape, noise));
  }

  addNoise(original: Floats, noise: Floats, index: number): Floats {
    return mix(mixtureOf(this.alphas[this.timesteps[index]!]!), original, noise);
  }
}

export const lcm = defineScheduler("LCMScheduler", lcmSchema, LCMScheduler);
