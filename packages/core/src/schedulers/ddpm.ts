import { learnedVarianceMissing } from "../errors/schedulers";
import { choice, flag } from "../schema/option";
import { betaSchemas, linearBetas } from "./betas";
import { boundImage, clipSchemas, thresholdSchemas } from "./clip";
import { defineScheduler } from "./define-scheduler";
import { diffusionPredictions, predictedImage, predictionSchema } from "./prediction";
import { mixtureOf, signalAt, variancePreserving } from "./signal-level";
import { spacingSchemas, wholeTimesteps } from "./spacing";
import { weightedSum } from "./weighted-sum";

/**
 * DDPM's ancestral sampling, https://arxiv.org/abs/2006.11239, formulas 6 and 7.
 *
 * | here  | paper       | is                                                  |
 * | ----- | ----------- | --------------------------------------------------- |
 * | alpha | alpha-bar_t | share of the signal's power left at t, 0..1         |
 * | keep  | alpha_t     | share of it that this step's noise left             |
 * | small | beta-tilde_t | variance when the image is known                   |
 */
export const ddpm = defineScheduler({
  className: "DDPMScheduler",
  processes: ["variance-preserving"],
  options: {
    ...betaSchemas(linearBetas, ["sigmoid", "laplace"]),
    ...clipSchemas(true),
    ...thresholdSchemas,
    ...spacingSchemas("leading"),
    // With `learned` ones the model predicts it in its second half.
    variance_type: choice(
      "fixed_small",
      ["fixed_small", "fixed_small_log", "fixed_large", "fixed_large_log", "learned", "learned_range"],
      "Variance of the noise that a step draws.",
    ),
    prediction_type: predictionSchema(diffusionPredictions),
    rescale_betas_zero_snr: flag(false, "Make the noisiest timestep pure noise."),
  },
  create(options, schedule) {
    const { num_train_timesteps: train, variance_type, prediction_type } = options;
    const steps = schedule.steps(["timesteps"], train);
    const timesteps = wholeTimesteps(options, schedule);
    const signal = signalAt(options);
    const alphaAt = (index: number): number => (index < timesteps.length ? signal(timesteps[index]!) : 1);
    return {
      ...variancePreserving(timesteps, [...Array(steps + 1).keys()].map(alphaAt)),
      step({ index, sample, output, variance, shape, batch, noise: draw }) {
        if (variance_type.startsWith("learned") && variance === undefined)
          throw learnedVarianceMissing(schedule.scheduler, shape);
        const alpha = alphaAt(index);
        const next = alphaAt(index + 1);
        const keep = alpha / next;
        const bounded = boundImage(options, predictedImage(prediction_type, mixtureOf(alpha), sample, output), batch);
        const mean = weightedSum(
          [(Math.sqrt(next) * (1 - keep)) / (1 - alpha), bounded],
          [(Math.sqrt(keep) * (1 - next)) / (1 - alpha), sample],
        );
        if (timesteps[index] === 0) return mean;
        const noise = draw();
        const deviation = deviationOf(variance_type, alpha, next, variance);
        return mean.map((value, i) => value + deviation(i) * noise[i]!);
      },
    };
  },
});

/** Standard deviation of the noise that a step draws, for each element. */
function deviationOf(
  type: string,
  alpha: number,
  next: number,
  learned: Float32Array | undefined,
): (element: number) => number {
  const large = 1 - alpha / next;
  const small = Math.max(((1 - next) / (1 - alpha)) * large, 1e-20);
  switch (type) {
    case "fixed_small":
    case "fixed_small_log":
      return () => Math.sqrt(small);
    case "learned":
      return (element) => Math.sqrt(learned![element]!);
    case "learned_range":
      return (element) => {
        const share = (learned![element]! + 1) / 2;
        return Math.exp(0.5 * (share * Math.log(large) + (1 - share) * Math.log(small)));
      };
    default:
      // Of the logarithm of `fixed_large_log` diffusers takes the root, which is no number; this is what the name says.
      return () => Math.sqrt(large);
  }
}
