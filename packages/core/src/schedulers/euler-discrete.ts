import { choice, flag, optionalNumber } from "../schema/option";
import { betaSchemas, linearBetas } from "./betas";
import { defineScheduler } from "./define-scheduler";
import { linspaceFloat32 } from "./linspace";
import { diffusionPredictions, predictionSchema } from "./prediction";
import { directionAt, varianceExploding } from "./sigma-sample";
import { type SigmaSchedule, sigmaSchedule } from "./sigma-schedule";
import { sigmaSpacing, sigmaSpacingSchemas } from "./sigma-spacing";
import { spacingSchemas } from "./spacing";
import { timestepOf, trainingSigmasOf } from "./training-sigmas";
import { weightedSum } from "./weighted-sum";

/**
 * Euler's method, https://arxiv.org/abs/2206.00364, algorithm 2 without churn.
 *
 * | here      | paper | is                                     |
 * | --------- | ----- | -------------------------------------- |
 * | sigma     | t     | noise level: sample = image + sigma noise |
 * | image     | D     | the clean sample that the output implies |
 * | direction | d     | derivative of the sample by sigma      |
 */
export const eulerDiscrete = defineScheduler({
  className: "EulerDiscreteScheduler",
  processes: ["variance-exploding"],
  options: {
    ...betaSchemas(linearBetas),
    ...sigmaSpacingSchemas,
    ...spacingSchemas("linspace"),
    // `original_sample` is another word for `sample`.
    prediction_type: predictionSchema([...diffusionPredictions, "original_sample"]),
    // How noise levels lie between the training's: along them, or evenly in the logarithm from end to end.
    interpolation_type: choice("linear", ["linear", "log_linear"]),
    // Ends of a spacing of noise levels; `null` takes those of the timesteps.
    sigma_min: optionalNumber(null, { exclusiveMinimum: 0 }),
    sigma_max: optionalNumber(null, { exclusiveMinimum: 0 }),
    // `continuous` tells a v-predicting model `log(sigma) / 4`.
    timestep_type: choice("discrete", ["discrete", "continuous"]),
    rescale_betas_zero_snr: flag(false, "Make the noisiest timestep (nearly) pure noise."),
    final_sigmas_type: choice("zero", ["zero", "sigma_min"], "Noise level after the last step."),
  },
  create(options, schedule) {
    const { prediction_type, timestep_type, timestep_spacing, final_sigmas_type, interpolation_type } = options;
    const { sigmas: given, timesteps: visited } = schedule;
    const isContinuous = timestep_type === "continuous" && prediction_type === "v_prediction";
    schedule.steps(["sigmas", "timesteps"], options.num_train_timesteps);
    if (given && visited) throw schedule.invalid("give either sigmas or timesteps.");
    if (given?.length === 1) throw schedule.invalid("one of the caller's sigmas leaves no step.");
    const table = trainingSigmasOf(options, options.rescale_betas_zero_snr);

    const levels = (): SigmaSchedule => {
      const { sigma_max: most, sigma_min: least } = options;
      if (visited !== undefined && isContinuous)
        throw schedule.invalid("the caller's timesteps do not go with timestep_type continuous.");
      const spaced = sigmaSchedule(options, table, schedule, { most, least });
      if (interpolation_type === "linear") return spaced;
      const [noisy, clean] = [table[table.length - 1]!, table[0]!];
      if (sigmaSpacing(schedule, options) !== undefined)
        return sigmaSchedule(options, table, schedule, { most: most ?? noisy, least: least ?? clean });
      // One level more than steps, as the reference: the last step ends there, unless timesteps are counted by levels.
      const logs = linspaceFloat32(Math.log(noisy), Math.log(clean), schedule.num_inference_steps + 1);
      return { timesteps: spaced.timesteps, sigmas: logs.map(Math.exp) };
    };
    const space = (): SigmaSchedule => {
      const { timesteps, sigmas } = levels();
      return { timesteps, sigmas: Float32Array.of(...sigmas, final_sigmas_type === "sigma_min" ? table[0]! : 0) };
    };
    const { timesteps, sigmas } = given ? fromTo(table, given) : space();
    const told = isContinuous ? sigmas.slice(0, -1).map((sigma) => 0.25 * Math.log(sigma)) : timesteps;
    return {
      ...varianceExploding(timestep_spacing, told, sigmas),
      step(call) {
        const { index, sample } = call;
        const sigma = sigmas[index]!;
        const type = prediction_type === "original_sample" ? "sample" : prediction_type;
        return weightedSum([1, sample], [sigmas[index + 1]! - sigma, directionAt(type, sigma, call)]);
      },
    };
  },
});

/** Steps between the caller's own levels: the last one is where they end, with no step of its own. */
function fromTo(table: Float32Array, given: readonly number[]): SigmaSchedule {
  const sigmas = Float32Array.from(given);
  return { sigmas, timesteps: sigmas.slice(0, -1).map((sigma) => timestepOf(table, sigma)) };
}
