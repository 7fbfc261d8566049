import { number } from "../schema/option";
import { consistencySchemas, consistencyTimesteps } from "./consistency-steps";
import { defineScheduler } from "./define-scheduler";
import { predictedImage, predictedNoise } from "./prediction";
import { mixtureOf, signalAt, variancePreserving } from "./signal-level";
import { weightedSum } from "./weighted-sum";

/**
 * Strategic stochastic sampling of trajectory consistency models, https://arxiv.org/abs/2402.19159, algorithm 4.
 *
 * | here    | paper    | is                                                    |
 * | ------- | -------- | ----------------------------------------------------- |
 * | eta     | gamma    | 0 is deterministic, 1 draws all noise anew             |
 * | landing | s        | timestep that the model jumps to, below the next       |
 */
export const tcd = defineScheduler({
  className: "TCDScheduler",
  processes: ["variance-preserving"],
  options: {
    // Clipping, thresholding, spacing and scaling are read and without effect, as in the reference.
    ...consistencySchemas,
    // In diffusers it is an argument of the pipeline.
    eta: number(0.3, { minimum: 0, maximum: 1, description: "Share of each step that is filled with fresh noise." }),
  },
  create(options, schedule) {
    const { prediction_type, eta } = options;
    const timesteps = consistencyTimesteps(options, schedule);
    const alphaAt = signalAt(options);
    return {
      ...variancePreserving(timesteps, [...timesteps, 0].map(alphaAt)),
      step({ index, sample, output, noise: draw }) {
        const isLast = index === timesteps.length - 1;
        const target = isLast ? 0 : timesteps[index + 1]!;
        const now = mixtureOf(alphaAt(timesteps[index]!));
        // The reference multiplies in float32, which decides where a product lies next to an integer.
        const landing = alphaAt(Math.floor(Math.fround(Math.fround(1 - eta) * target)));
        const image = predictedImage(prediction_type, now, sample, output);
        const noise = predictedNoise(prediction_type, now, sample, output);
        const { alpha, sigma } = mixtureOf(landing);
        const landed = weightedSum([alpha, image], [sigma, noise]);
        if (eta === 0 || isLast) return landed;

        const keep = alphaAt(target) / landing;
        return weightedSum([Math.sqrt(keep), landed], [Math.sqrt(1 - keep), draw()]);
      },
    };
  },
});
