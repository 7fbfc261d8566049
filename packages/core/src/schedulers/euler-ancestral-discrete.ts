import { flag } from "../schema/option";
import { ancestralStep } from "./ancestral-step";
import { betaSchemas, linearBetas } from "./betas";
import { defineScheduler } from "./define-scheduler";
import { predictionSchema } from "./prediction";
import { directionAt, varianceExploding } from "./sigma-sample";
import { spaceTimesteps, spacingSchemas } from "./spacing";
import { sigmaAt, trainingSigmasOf } from "./training-sigmas";
import { weightedSum } from "./weighted-sum";

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
export const eulerAncestralDiscrete = defineScheduler({
  className: "EulerAncestralDiscreteScheduler",
  processes: ["variance-exploding"],
  options: {
    ...betaSchemas(linearBetas),
    ...spacingSchemas("linspace"),
    prediction_type: predictionSchema(["epsilon", "v_prediction"]),
    rescale_betas_zero_snr: flag(false, "Make the noisiest timestep (nearly) pure noise."),
  },
  create(options, schedule) {
    const { num_train_timesteps: train, prediction_type, timestep_spacing, rescale_betas_zero_snr } = options;
    const steps = schedule.steps([], train);
    const table = trainingSigmasOf(options, rescale_betas_zero_snr);
    const timesteps = Float32Array.from(spaceTimesteps(options, train, steps));
    const sigmas = Float32Array.of(...timesteps.map((timestep) => sigmaAt(table, timestep)), 0);
    return {
      ...varianceExploding(timestep_spacing, timesteps, sigmas),
      step(call) {
        const sigma = sigmas[call.index]!;
        const { up, down } = ancestralStep(sigma, sigmas[call.index + 1]!);
        const towards = directionAt(prediction_type, sigma, call);
        return weightedSum([1, call.sample], [down - sigma, towards], [up, call.noise()]);
      },
    };
  },
});
