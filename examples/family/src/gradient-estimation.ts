import {
  betaSchemas,
  clip,
  clipSchemas,
  defineScheduler,
  linearBetas,
  number,
  predictedImage,
  predictedNoise,
  predictionSchema,
  signalAt,
  spacingSchemas,
  variancePreserving,
  weightedSum,
  wholeTimesteps,
} from "@skipstep/core/model";

/**
 * Gradient estimation, https://arxiv.org/abs/2306.04848, algorithm 2: DDIM's steps, which go by a noise that is continued
 * from the last two that the model predicted.
 */
export const gradientEstimation = defineScheduler({
  className: "GradientEstimationScheduler",
  processes: ["variance-preserving"],
  options: {
    ...betaSchemas(linearBetas),
    ...clipSchemas(true),
    ...spacingSchemas("leading"),
    prediction_type: predictionSchema(),
    gamma: number(2, { minimum: 1, description: "How far the noise is continued; 1 is DDIM." }),
  },
  create(options, schedule) {
    const { num_train_timesteps, prediction_type, gamma, clip_sample, clip_sample_range } = options;
    schedule.steps([], num_train_timesteps);
    const timesteps = wholeTimesteps(options, schedule);
    const levels = variancePreserving(timesteps, [...[...timesteps].map(signalAt(options)), 1]);
    let last: Float32Array | undefined;
    return {
      ...levels,
      step({ index, sample, output }) {
        const now = levels.mixture(index);
        const next = levels.mixture(index + 1);
        const noise = predictedNoise(prediction_type, now, sample, output);
        const better = last ? weightedSum([gamma, noise], [1 - gamma, last]) : noise;
        last = noise;
        const image = predictedImage("epsilon", now, sample, better);
        return weightedSum([next.alpha, clip_sample ? clip(image, clip_sample_range) : image], [next.sigma, better]);
      },
    };
  },
});
