import { invalidSchedule } from "../errors/schedulers";
import { choice, flag, optionalNumber, optionsSchema } from "../schema/option";
import { type Floats, floats } from "../tensor";
import { type BetaOptions, betaSchemas, linearBetas } from "./betas";
import { defineScheduler } from "./define-scheduler";
import { linspaceFloat32 } from "./linspace";
import { type DiffusionPrediction, diffusionPredictions, predictionSchema } from "./prediction";
import { inferenceSteps } from "./schedule-steps";
import type { Schedule, Scheduler } from "./scheduler";
import { addNoiseAt, direction, imageAt, initialNoise, toUnitVariance } from "./sigma-sample";
import { type SigmaSchedule, sigmaSchedule } from "./sigma-schedule";
import { type SigmaSpacingOptions, sigmaSpacing, sigmaSpacingSchemas } from "./sigma-spacing";
import { type SpacingOptions, spacingSchemas } from "./spacing";
import { timestepOf, trainingSigmasOf } from "./training-sigmas";
import { weightedSum } from "./weighted-sum";

export interface EulerDiscreteOptions extends BetaOptions, SigmaSpacingOptions, SpacingOptions {
  /** `original_sample` is another word for `sample`. */
  prediction_type: DiffusionPrediction | "original_sample";
  /** How noise levels lie between the training's: along them, or evenly in the logarithm from end to end. */
  interpolation_type: "linear" | "log_linear";
  /** Ends of a spacing of noise levels; `null` takes those of the timesteps. */
  sigma_min: number | null;
  sigma_max: number | null;
  /** `continuous` tells a v-predicting model `log(sigma) / 4`. */
  timestep_type: "discrete" | "continuous";
  rescale_betas_zero_snr: boolean;
  final_sigmas_type: "zero" | "sigma_min";
}

export const eulerDiscreteSchema = optionsSchema<EulerDiscreteOptions>({
  ...betaSchemas(linearBetas),
  ...sigmaSpacingSchemas,
  ...spacingSchemas("linspace"),
  prediction_type: predictionSchemaWithOriginal(),
  interpolation_type: choice("linear", ["linear", "log_linear"]),
  sigma_min: optionalNumber(null, { exclusiveMinimum: 0 }),
  sigma_max: optionalNumber(null, { exclusiveMinimum: 0 }),
  timestep_type: choice("discrete", ["discrete", "continuous"]),
  rescale_betas_zero_snr: flag(false, "Make the noisiest timestep (nearly) pure noise."),
  final_sigmas_type: choice("zero", ["zero", "sigma_min"], "Noise level after the last step."),
});

const name = "EulerDiscreteScheduler";

/**
 * Euler's method, https://arxiv.org/abs/2206.00364, algorithm 2 without churn.
 *
 * | here      | paper | is                                     |
 * | --------- | ----- | -------------------------------------- |
 * | sigma     | t     | noise level: sample = image + sigma noise |
 * | image     | D     | the clean sample that the output implies |
 * | direction | d     | derivative of the sample by sigma      |
 */
export class EulerDiscreteScheduler implements Scheduler {
  readonly timesteps: Float32Array;
  readonly sigmas: Float32Array;
  readonly initNoiseSigma: number;
  readonly order = 1;

  /** @throws SKIPSTEP_SCHEDULE_INVALID, SKIPSTEP_SCHEDULER_OPTIONS_CONFLICT */
  constructor(
    private readonly options: EulerDiscreteOptions,
    schedule: Schedule,
  ) {
    inferenceSteps(name, schedule, ["sigmas", "timesteps"], options.num_train_timesteps);
    if (schedule.sigmas && schedule.timesteps) throw invalidSchedule(name, "give either sigmas or timesteps.");
    if (schedule.sigmas?.length === 1) throw invalidSchedule(name, "one of the caller's sigmas leaves no step.");
    const table = trainingSigmasOf(options, options.rescale_betas_zero_snr);
    const { timesteps, sigmas } = schedule.sigmas ? fromTo(table, schedule.sigmas) : this.space(table, schedule);
    this.sigmas = sigmas;
    this.timesteps = this.isContinuous() ? sigmas.slice(0, -1).map((sigma) => 0.25 * Math.log(sigma)) : timesteps;
    this.initNoiseSigma = initialNoise(options.timestep_spacing, this.sigmas);
  }

  scaleModelInput(sample: Floats, index: number): Floats {
    return toUnitVariance(sample, this.sigmas[index]!);
  }

  step(modelOutput: Floats, index: number, sample: Floats): Floats {
    const sigma = this.sigmas[index]!;
    const type = this.options.prediction_type;
    const image = imageAt(type === "original_sample" ? "sample" : type, sigma, sample.data, modelOutput.data);
    const towards = direction(sample.data, image, sigma);
    return floats(sample.shape, weightedSum([1, sample.data], [this.sigmas[index + 1]! - sigma, towards]));
  }

  addNoise(original: Floats, noise: Floats, index: number): Floats {
    return addNoiseAt(this.sigmas[index]!, original, noise);
  }

  private space(table: Float32Array, schedule: Schedule): SigmaSchedule {
    const { timesteps, sigmas } = this.levels(table, schedule);
    const final = this.options.final_sigmas_type === "sigma_min" ? table[0]! : 0;
    return { timesteps, sigmas: Float32Array.of(...sigmas, final) };
  }

  private levels(table: Float32Array, schedule: Schedule): SigmaSchedule {
    const { options } = this;
    const { sigma_max: most, sigma_min: least } = options;
    if (schedule.timesteps !== undefined && this.isContinuous()) {
      throw invalidSchedule(name, "the caller's timesteps do not go with timestep_type continuous.");
    }
    const spaced = sigmaSchedule(name, options, table, schedule, { most, least });
    if (options.interpolation_type === "linear") return spaced;
    const [noisy, clean] = [table[table.length - 1]!, table[0]!];
    if (sigmaSpacing(name, options) !== undefined) {
      return sigmaSchedule(name, options, table, schedule, { most: most ?? noisy, least: least ?? clean });
    }
    // One level more than steps, as the reference: the last step ends there, unless timesteps are counted by levels.
    const logs = linspaceFloat32(Math.log(noisy), Math.log(clean), schedule.num_inference_steps + 1);
    return { timesteps: spaced.timesteps, sigmas: logs.map(Math.exp) };
  }

  private isContinuous(): boolean {
    return this.options.timestep_type === "continuous" && this.options.prediction_type === "v_prediction";
  }
}

/** Steps between the caller's own levels: the last one is where they end, with no step of its own. */
function fromTo(table: Float32Array, given: readonly number[]): SigmaSchedule {
  const sigmas = Float32Array.from(given);
  return { sigmas, timesteps: sigmas.slice(0, -1).map((sigma) => timestepOf(table, sigma)) };
}

function predictionSchemaWithOriginal() {
  const schema = predictionSchema(diffusionPredictions);
  return choice<EulerDiscreteOptions["prediction_type"]>(
    "epsilon",
    [...diffusionPredictions, "original_sample"],
    schema.description,
  );
}

export const eulerDiscrete = defineScheduler("EulerDiscreteScheduler", eulerDiscreteSchema, EulerDiscreteScheduler);
