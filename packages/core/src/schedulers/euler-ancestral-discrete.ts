import type { Generator } from "../random";
import { flag, optionsSchema } from "../schema/option";
import { type Floats, floats } from "../tensor";
import { ancestralStep } from "./ancestral-step";
import { type BetaOptions, betaSchemas, linearBetas } from "./betas";
import { defineScheduler } from "./define-scheduler";
import { drawNoise } from "./draw-noise";
import { predictionSchema } from "./prediction";
import { inferenceSteps } from "./schedule-steps";
import type { Schedule, Scheduler } from "./scheduler";
import { addNoiseAt, direction, imageAt, initialNoise, toUnitVariance } from "./sigma-sample";
import { type SpacingOptions, spaceTimesteps, spacingSchemas } from "./spacing";
import { sigmaAt, trainingSigmasOf } from "./training-sigmas";
import { weightedSum } from "./weighted-sum";

export interface EulerAncestralDiscreteOptions extends BetaOptions, SpacingOptions {
  prediction_type: "epsilon" | "v_prediction";
  rescale_betas_zero_snr: boolean;
}

export const eulerAncestralDiscreteSchema = optionsSchema<EulerAncestralDiscreteOptions>({
  ...betaSchemas(linearBetas),
  ...spacingSchemas("linspace"),
  prediction_type: predictionSchema(["epsilon", "v_prediction"]),
  rescale_betas_zero_snr: flag(false, "Make the noisiest timestep (nearly) pure noise."),
});

const name = "EulerAncestralDiscreteScheduler";

/**
 * Euler's method with ancestral noise: each step goes below the next level and draws noise up to it. From
 * https://github.com/crowsonkb/k-diffusion; the variances are DDPM's, https://arxiv.org/abs/2006.11239.
 *
 * | here  | is                                                       |
 * | ----- | -------------------------------------------------------- |
 * | sigma | noise level: sample = image + sigma noise                |
 * | up    | deviation of the noise drawn in this step                |
 * | down  | level that Euler's step goes to: down² + up² = next²     |
 */
export class EulerAncestralDiscreteScheduler implements Scheduler {
  readonly timesteps: Float32Array;
  readonly sigmas: Float32Array;
  readonly initNoiseSigma: number;
  readonly order = 1;

  /** @throws SKIPSTEP_SCHEDULE_INVALID */
  constructor(
    private readonly options: EulerAncestralDiscreteOptions,
    schedule: Schedule,
  ) {
    const train = options.num_train_timesteps;
    const steps = inferenceSteps(name, schedule, [], train);
    const table = trainingSigmasOf(options, options.rescale_betas_zero_snr);
    this.timesteps = Float32Array.from(spaceTimesteps(options, train, steps));
    this.sigmas = Float32Array.of(...this.timesteps.map((timestep) => sigmaAt(table, timestep)), 0);
    this.initNoiseSigma = initialNoise(options.timestep_spacing, this.sigmas);
  }

  scaleModelInput(sample: Floats, index: number): Floats {
    return toUnitVariance(sample, this.sigmas[index]!);
  }

  step(modelOutput: Floats, index: number, sample: Floats, generator?: Generator): Floats {
    const sigma = this.sigmas[index]!;
    const next = this.sigmas[index + 1]!;
    const { up, down } = ancestralStep(sigma, next);
    const image = imageAt(this.options.prediction_type, sigma, sample.data, modelOutput.data);
    const towards = direction(sample.data, image, sigma);
    const noise = drawNoise(name, generator, sample.data);
    return floats(sample.shape, weightedSum([1, sample.data], [down - sigma, towards], [up, noise]));
  }

  addNoise(original: Floats, noise: Floats, index: number): Floats {
    return addNoiseAt(this.sigmas[index]!, original, noise);
  }
}

export const eulerAncestralDiscrete = defineScheduler(
  "EulerAncestralDiscreteScheduler",
  eulerAncestralDiscreteSchema,
  EulerAncestralDiscreteScheduler,
);
