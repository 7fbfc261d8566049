import { number, supported } from "../schema/option";
import { defineScheduler } from "./define-scheduler";
import { linspaceFloat32 } from "./linspace";
import { type Mixture, predictedImage } from "./prediction";
import type { Call } from "./sampler";
import { trainingSteps } from "./training-steps";
import { weightedSum } from "./weighted-sum";

/** Pure noise, about a quarter turn; and where the second of two steps begins. */
const START = 1.5708;
const MIDDLE = 1.3;

/**
 * Multistep sampling of continuous-time consistency models, https://arxiv.org/abs/2410.11081, for SANA-Sprint,
 * https://arxiv.org/abs/2503.09641. Unlike diffusers', samples and predictions are in units of the data's deviation
 * (`sigma_data`), in which it cancels out.
 *
 * | here      | paper    | is                                                     |
 * | --------- | -------- | ------------------------------------------------------ |
 * | angles    | t        | cos t is the image's share of a sample, sin t the noise's |
 * | sample    | x_t / σ_d | the sample                                            |
 * | output    | F_θ      | the network's velocity                                 |
 */
export const scm = defineScheduler({
  className: "SCMScheduler",
  processes: ["trigflow"],
  options: {
    num_train_timesteps: trainingSteps(1000, "The most steps that a generation may have."),
    prediction_type: supported("trigflow"),
    sigma_data: number(0.5, { exclusiveMinimum: 0 }), // read and without effect
  },
  create({ num_train_timesteps }, { steps: stepsOf, ...schedule }) {
    const steps = stepsOf(["timesteps"], num_train_timesteps);
    const angles = Float32Array.of(...(schedule.timesteps ?? scmTimesteps(steps)), 0); // the last step ends at the image
    const mixture = (index: number): Mixture => ({
      alpha: Math.fround(Math.cos(angles[index]!)),
      sigma: Math.fround(Math.sin(angles[index]!)),
    });
    const imageOf = ({ index, sample, output }: Call): Float32Array =>
      predictedImage("v_prediction", mixture(index), sample, output);
    return {
      timesteps: angles.slice(0, -1),
      sigmas: angles.map(Math.sin), // the noise's share
      mixture,
      predictedImage: imageOf,
      /** Noise is drawn in every step, the last one included, as the reference draws it. */
      step(call) {
        const { alpha, sigma } = mixture(call.index + 1);
        return weightedSum([alpha, imageOf(call)], [sigma, call.noise()]);
      },
    };
  },
});

/**
 * Angles that steps begin at.
 * @param middle where the second of two steps begins; null spaces them evenly, as any other number of steps
 */
export function scmTimesteps(steps: number, start: number = START, middle: number | null = MIDDLE): Float32Array {
  if (steps === 2 && middle !== null) return Float32Array.of(start, middle);
  return linspaceFloat32(start, 0, steps + 1).slice(0, -1);
}
