import type { Generator } from "../random";
import { flag, number, optionsSchema } from "../schema/option";
import { type Floats, floats } from "../tensor";
import { alphasCumprod, type BetaOptions, betaSchemas } from "./betas";
import { type ClipOptions, clipSchemas, type ThresholdOptions, thresholdSchemas } from "./clip";
import { consistencyTimesteps } from "./consistency-steps";
import { defineScheduler } from "./define-scheduler";
import { drawNoise } from "./draw-noise";
import {
  type DiffusionPrediction,
  diffusionPredictions,
  predictedImage,
  predictedNoise,
  predictionSchema,
} from "./prediction";
import type { Schedule, Scheduler } from "./scheduler";
import { mix, mixtureOf, noiseLevels } from "./signal-level";
import { type SpacingOptions, spacingSchemas } from "./spacing";
import { trainingSteps } from "./training-steps";
import { weightedSum } from "./weighted-sum";

/** Clipping, thresholding, spacing and scaling are read and without effect, as in the reference. */
export interface TcdOptions extends BetaOptions, ClipOptions, ThresholdOptions, SpacingOptions {
  /** Steps of the schedule that the model was distilled on. */
  original_inference_steps: number;
  set_alpha_to_one: boolean;
  prediction_type: DiffusionPrediction;
  timestep_scaling: number;
  rescale_betas_zero_snr: boolean;
  /** Share of each step that goes further down and is filled with fresh noise. In diffusers a pipeline's argument. */
  eta: number;
}

export const tcdSchema = optionsSchema<TcdOptions>({
  ...betaSchemas({ beta_start: 0.00085, beta_end: 0.012, beta_schedule: "scaled_linear" }),
  ...clipSchemas(false),
  ...thresholdSchemas,
  ...spacingSchemas("leading"),
  original_inference_steps: trainingSteps(50, "Steps that the model was distilled on."),
  set_alpha_to_one: flag(true),
  prediction_type: predictionSchema(diffusionPredictions),
  timestep_scaling: number(10, { minimum: 0 }),
  rescale_betas_zero_snr: flag(false, "Make the noisiest timestep pure noise."),
  eta: number(0.3, { minimum: 0, maximum: 1, description: "Share of each step that is filled with fresh noise." }),
});

const name = "TCDScheduler";

/**
 * Strategic stochastic sampling of trajectory consistency models, https://arxiv.org/abs/2402.19159, algorithm 4.
 *
 * | here    | paper    | is                                                    |
 * | ------- | -------- | ----------------------------------------------------- |
 * | eta     | gamma    | 0 is deterministic, 1 draws all noise anew             |
 * | landing | s        | timestep that the model jumps to, below the next       |
 */
export class TCDScheduler implements Scheduler {
  readonly timesteps: Float32Array;
  readonly sigmas: Float32Array;
  readonly initNoiseSigma = 1;
  readonly order = 1;
  private readonly alphas: Float32Array;

  /** @throws SKIPSTEP_SCHEDULE_INVALID */
  constructor(
    private readonly options: TcdOptions,
    schedule: Schedule,
  ) {
    this.timesteps = consistencyTimesteps(name, options, schedule);
    this.alphas = alphasCumprod(options, options.rescale_betas_zero_snr);
    this.sigmas = noiseLevels([...this.timesteps, 0].map((timestep) => this.alphas[timestep]!));
  }

  scaleModelInput(sample: Floats): Floats {
    return sample;
  }

  step(modelOutput: Floats, index: number, sample: Floats, generator?: Generator): Floats {
    const { prediction_type, eta } = this.options;
    const isLast = index === this.timesteps.length - 1;
    const target = isLast ? 0 : this.timesteps[index + 1]!;
    const now = mixtureOf(this.alphas[this.timesteps[index]!]!);
    // The reference multiplies in float32, which decides where a product lies next to an integer.
    const landing = this.alphas[Math.floor(Math.fround(Math.fround(1 - eta) * target))]!;
    const image = predictedImage(prediction_type, now, sample.data, modelOutput.data);
    const noise = predictedNoise(prediction_type, now, sample.data, modelOutput.data);
    const { alpha, sigma } = mixtureOf(landing);
    const landed = weightedSum([alpha, image], [sigma, noise]);
    if (eta === 0 || isLast) return floats(sample.shape, landed);

    const keep = this.alphas[target]! / landing;
    const fresh = drawNoise(name, generator, landed);
    return floats(sample.shape, weightedSum([Math.sqrt(keep), landed], [Math.sqrt(1 - keep), fresh]));
  }

  addNoise(original: Floats, noise: Floats, index: number): Floats {
    return mix(mixtureOf(this.alphas[this.timesteps[index]!]!), original, noise);
  }
}

export const tcd = defineScheduler("TCDScheduler", tcdSchema, TCDScheduler);
