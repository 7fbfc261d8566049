import { learnedVarianceMissing } from "../errors/schedulers";
import type { Generator } from "../random";
import { roundHalfEven } from "../round-half-even";
import { choice, flag, optionsSchema } from "../schema/option";
import { type Floats, floats } from "../tensor";
import { alphasCumprod, type BetaOptions, betaSchemas, linearBetas } from "./betas";
import { batchOf, boundImage, type ClipOptions, clipSchemas, type ThresholdOptions, thresholdSchemas } from "./clip";
import { defineScheduler } from "./define-scheduler";
import { drawNoise } from "./draw-noise";
import { splitLearnedVariance } from "./learned-variance";
import { type DiffusionPrediction, diffusionPredictions, predictedImage, predictionSchema } from "./prediction";
import { givenTimesteps, inferenceSteps } from "./schedule-steps";
import type { Schedule, Scheduler } from "./scheduler";
import { mix, mixtureOf, noiseLevels } from "./signal-level";
import { type SpacingOptions, spaceTimesteps, spacingSchemas } from "./spacing";
import { weightedSum } from "./weighted-sum";

export interface DdpmOptions extends BetaOptions, ClipOptions, ThresholdOptions, SpacingOptions {
  /** Variance of the noise that a step draws. With `learned` ones the model predicts it in its second half. */
  variance_type: "fixed_small" | "fixed_small_log" | "fixed_large" | "fixed_large_log" | "learned" | "learned_range";
  prediction_type: DiffusionPrediction;
  rescale_betas_zero_snr: boolean;
}

export const ddpmSchema = optionsSchema<DdpmOptions>({
  ...betaSchemas(linearBetas, ["sigmoid", "laplace"]),
  ...clipSchemas(true),
  ...thresholdSchemas,
  ...spacingSchemas("leading"),
  variance_type: choice(
    "fixed_small",
    ["fixed_small", "fixed_small_log", "fixed_large", "fixed_large_log", "learned", "learned_range"],
    "Variance of the noise that a step draws.",
  ),
  prediction_type: predictionSchema(diffusionPredictions),
  rescale_betas_zero_snr: flag(false, "Make the noisiest timestep pure noise."),
});

const name = "DDPMScheduler";

/**
 * DDPM's ancestral sampling, https://arxiv.org/abs/2006.11239, formulas 6 and 7.
 *
 * | here  | paper       | is                                                  |
 * | ----- | ----------- | --------------------------------------------------- |
 * | alpha | alpha-bar_t | share of the signal's power left at t, 0..1         |
 * | keep  | alpha_t     | share of it that this step's noise left             |
 * | small | beta-tilde_t | variance when the image is known                   |
 */
export class DDPMScheduler implements Scheduler {
  readonly timesteps: Float32Array;
  readonly sigmas: Float32Array;
  readonly initNoiseSigma = 1;
  readonly order = 1;
  private readonly alphas: Float32Array;

  /** @throws SKIPSTEP_SCHEDULE_INVALID */
  constructor(
    private readonly options: DdpmOptions,
    schedule: Schedule,
  ) {
    const train = options.num_train_timesteps;
    const steps = inferenceSteps(name, schedule, ["timesteps"], train);
    const spaced =
      schedule.timesteps === undefined
        ? spaceTimesteps(options, train, steps)
        : givenTimesteps(name, schedule.timesteps, train);
    this.alphas = alphasCumprod(options, options.rescale_betas_zero_snr);
    this.timesteps = Float32Array.from(spaced, roundHalfEven);
    this.sigmas = noiseLevels([...Array(steps + 1).keys()].map((index) => this.alphaAt(index)));
  }

  scaleModelInput(sample: Floats): Floats {
    return sample;
  }

  step(modelOutput: Floats, index: number, sample: Floats, generator?: Generator): Floats {
    const { output, variance } = splitLearnedVariance(modelOutput, sample);
    const learned = this.options.variance_type.startsWith("learned");
    if (learned && variance === undefined) throw learnedVarianceMissing(name, modelOutput.shape);
    const alpha = this.alphaAt(index);
    const next = this.alphaAt(index + 1);
    const keep = alpha / next;
    const image = predictedImage(this.options.prediction_type, mixtureOf(alpha), sample.data, output);
    const bounded = boundImage(this.options, image, batchOf(sample));
    const mean = weightedSum(
      [(Math.sqrt(next) * (1 - keep)) / (1 - alpha), bounded],
      [(Math.sqrt(keep) * (1 - next)) / (1 - alpha), sample.data],
    );
    if (this.timesteps[index] === 0) return floats(sample.shape, mean);

    const noise = drawNoise(name, generator, mean);
    const deviation = this.deviation(alpha, next, variance);
    return floats(
      sample.shape,
      mean.map((value, i) => value + deviation(i) * noise[i]!),
    );
  }

  addNoise(original: Floats, noise: Floats, index: number): Floats {
    return mix(mixtureOf(this.alphaAt(index)), original, noise);
  }

  /** Standard deviation of the noise that this step draws, for each element. */
  private deviation(alpha: number, next: number, learned: Float32Array | undefined): (element: number) => number {
    const large = 1 - alpha / next;
    const small = Math.max(((1 - next) / (1 - alpha)) * large, 1e-20);
    switch (this.options.variance_type) {
      case "fixed_small":
      case "fixed_small_log":
        return () => Math.sqrt(small);
      case "fixed_large":
        return () => Math.sqrt(large);
      case "fixed_large_log":
        // diffusers takes the root of the logarithm, which is no number; this is what the name says.
        return () => Math.sqrt(large);
      case "learned":
        return (element) => Math.sqrt(learned![element]!);
      case "learned_range":
        return (element) => {
          const share = (learned![element]! + 1) / 2;
          return Math.exp(0.5 * (share * Math.log(large) + (1 - share) * Math.log(small)));
        };
    }
  }

  private alphaAt(index: number): number {
    if (index >= this.timesteps.length) return 1;
    return this.alphas[Math.min(this.timesteps[index]!, this.alphas.length - 1)]!;
  }
}

export const ddpm = defineScheduler("DDPMScheduler", ddpmSchema, DDPMScheduler);
