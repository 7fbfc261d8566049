import { boundImage } from "./clip";
import { consistencySchemas, consistencyTimesteps } from "./consistency-steps";
import { defineScheduler } from "./define-scheduler";
import { predictedImage } from "./prediction";
import { mixtureOf, signalAt, variancePreserving } from "./signal-level";
import { weightedSum } from "./weighted-sum";

/** Deviation of the data, as the paper sets it. */
const dataSigma = 0.5;

/**
 * Multistep sampling of latent consistency models, https://arxiv.org/abs/2310.04378, algorithm 3.
 *
 * | here         | paper        | is                                             |
 * | ------------ | ------------ | ---------------------------------------------- |
 * | skip, out    | c_skip, c_out | shares of the sample and the predicted image   |
 * | denoised     | f_theta      | what the consistency function gives            |
 */
export const lcm = defineScheduler({
  className: "LCMScheduler",
  processes: ["variance-preserving"],
  options: {
    // `set_alpha_to_one`, `timestep_spacing` and `steps_offset` are read and without effect, as in the reference.
    ...consistencySchemas,
  },
  create(options, schedule) {
    const timesteps = consistencyTimesteps(options, schedule);
    const alphas = [...timesteps].map(signalAt(options));
    return {
      ...variancePreserving(timesteps, [...alphas, 1]),
      step({ index, sample, output, batch, noise }) {
        const image = predictedImage(options.prediction_type, mixtureOf(alphas[index]!), sample, output);
        const bounded = boundImage(options, image, batch);

        const time = timesteps[index]! * options.timestep_scaling;
        const spread = time ** 2 + dataSigma ** 2;
        const denoised = weightedSum([time / Math.sqrt(spread), bounded], [dataSigma ** 2 / spread, sample]);
        if (index === timesteps.length - 1) return denoised;

        const { alpha, sigma } = mixtureOf(alphas[index + 1]!);
        return weightedSum([alpha, denoised], [sigma, noise()]);
      },
    };
  },
});
