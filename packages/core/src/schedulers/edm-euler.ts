import { optionsSchema } from "../schema/option";
import { type Floats, floats } from "../tensor";
import { defineScheduler } from "./define-scheduler";
import { type EdmOptions, edmImage, edmInitialNoise, edmInput, edmSchedule, edmSchemas } from "./edm";
import type { Schedule, Scheduler } from "./scheduler";
import { addNoiseAt, direction } from "./sigma-sample";
import { weightedSum } from "./weighted-sum";

export const edmEulerSchema = optionsSchema<EdmOptions>(edmSchemas);

const name = "EDMEulerScheduler";

/**
 * Euler's method for EDM models, https://arxiv.org/abs/2206.00364, algorithm 2 without churn.
 *
 * | here      | paper | is                                        |
 * | --------- | ----- | ----------------------------------------- |
 * | sigma     | t     | noise level: sample = image + sigma noise |
 * | image     | D     | the clean sample that the output implies  |
 * | direction | d     | derivative of the sample by sigma         |
 */
export class EDMEulerScheduler implements Scheduler {
  readonly timesteps: Float32Array;
  readonly sigmas: Float32Array;
  readonly initNoiseSigma: number;
  readonly order = 1;

  /** @throws SKIPSTEP_SCHEDULE_INVALID */
  constructor(
    private readonly options: EdmOptions,
    schedule: Schedule,
  ) {
    const { timesteps, sigmas } = edmSchedule(name, options, schedule, (last) => last);
    this.timesteps = timesteps;
    this.sigmas = sigmas;
    this.initNoiseSigma = edmInitialNoise(options);
  }

  scaleModelInput(sample: Floats, index: number): Floats {
    return edmInput(this.options, sample, this.sigmas[index]!);
  }

  step(modelOutput: Floats, index: number, sample: Floats): Floats {
    const sigma = this.sigmas[index]!;
    const towards = direction(sample.data, this.predictedImage(modelOutput, index, sample).data, sigma);
    return floats(sample.shape, weightedSum([1, sample.data], [this.sigmas[index + 1]! - sigma, towards]));
  }

  predictedImage(modelOutput: Floats, index: number, sample: Floats): Floats {
    return floats(sample.shape, edmImage(this.options, this.sigmas[index]!, sample.data, modelOutput.data));
  }

  addNoise(original: Floats, noise: Floats, index: number): Floats {
    return addNoiseAt(this.sigmas[index]!, original, noise);
  }
}

export const edmEuler = defineScheduler("EDMEulerScheduler", edmEulerSchema, EDMEulerScheduler);
