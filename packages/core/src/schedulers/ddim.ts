import { flag, number } from "../schema/option";
import { betaSchemas, linearBetas } from "./betas";
import { boundImage, clipSchemas, thresholdSchemas } from "./clip";
import { defineScheduler } from "./define-scheduler";
import { diffusionPredictions, predictedImage, predictedNoise, predictionSchema } from "./prediction";
import { mixtureOf, signalAt, variancePreserving } from "./signal-level";
import { spacingSchemas, wholeTimesteps } from "./spacing";
import { weightedSum } from "./weighted-sum";

/**
 * DDIM, https://arxiv.org/abs/2010.02502, formula 12.
 *
 * | here      | paper     | is                                          |
 * | --------- | --------- | ------------------------------------------- |
 * | alpha     | alpha_t   | share of the signal's power left at t, 0..1 |
 * | image     | f_theta   | the clean sample that the prediction implies |
 * | deviation | sigma_t   | of the noise drawn in this step             |
 */
export const ddim = defineScheduler({
  className: "DDIMScheduler",
  processes: ["variance-preserving"],
  options: {
    ...betaSchemas(linearBetas),
    ...clipSchemas(true),
    ...thresholdSchemas,
    ...spacingSchemas("leading"),
    set_alpha_to_one: flag(true, "The last step goes to a clean image instead of to timestep 0's noise."),
    prediction_type: predictionSchema(diffusionPredictions),
    rescale_betas_zero_snr: flag(false, "Make the noisiest timestep pure noise."),
    // In diffusers these two are arguments of the pipeline.
    use_clipped_model_output: flag(false, "Step by the noise that the clipped image implies."),
    eta: number(0, { minimum: 0, maximum: 1, description: "Share of DDPM's noise that each step draws." }),
  },
  create(options, schedule) {
    const { num_train_timesteps: train, prediction_type, use_clipped_model_output, eta } = options;
    const steps = schedule.steps([], train);
    const timesteps = wholeTimesteps(options, schedule);
    const alphaAt = signalAt(options);
    const alphas = [...timesteps].map(alphaAt);
    /** One stride down, which is not always the next timestep of the schedule. */
    const alphaAfter = (index: number): number => alphaAt(timesteps[index]! - Math.floor(train / steps));
    return {
      ...variancePreserving(timesteps, [...alphas, alphaAfter(steps - 1)]),
      step({ index, sample, output, batch, noise: draw }) {
        const alpha = alphas[index]!;
        const next = alphaAfter(index);
        const now = mixtureOf(alpha);
        const bounded = boundImage(options, predictedImage(prediction_type, now, sample, output), batch);
        const noise = use_clipped_model_output
          ? predictedNoise("sample", now, sample, bounded)
          : predictedNoise(prediction_type, now, sample, output);

        const deviation = eta * Math.sqrt(((1 - next) / (1 - alpha)) * (1 - alpha / next));
        const kept = Math.sqrt(1 - next - deviation ** 2);
        const moved = weightedSum([Math.sqrt(next), bounded], [kept, noise]);
        return eta === 0 ? moved : weightedSum([1, moved], [deviation, draw()]);
      },
    };
  },
});
