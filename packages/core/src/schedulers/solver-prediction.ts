import type { Floats } from "../tensor";
import { batchOf, threshold } from "./clip";
import { splitLearnedVariance } from "./learned-variance";
import { mixtureAt } from "./log-snr-step";
import { predictedImage, predictedNoise } from "./prediction";
import type { SolverOptions } from "./solver-options";

type Options = Pick<SolverOptions, "prediction_type" | "use_flow_sigmas"> & Parameters<typeof threshold>[0];

/**
 * The image or the noise that a model's output implies, whichever the solver works with; a learned variance is dropped.
 *
 * @param sigma the sample's noise level
 */
export function solverPrediction(
  options: Options,
  wanted: "image" | "noise",
  sigma: number,
  sample: Floats,
  modelOutput: Floats,
): Float32Array {
  const { prediction_type: type, thresholding, use_flow_sigmas } = options;
  const { output } = splitLearnedVariance(modelOutput, sample);
  // A flow is told in its own levels, even where the solver has a diffusion's.
  const at = mixtureAt(sigma, use_flow_sigmas || type === "flow_prediction");
  if (wanted === "noise" && !thresholding) return predictedNoise(type, at, sample.data, output);
  const image = predictedImage(type, at, sample.data, output);
  if (!thresholding) return image;
  const bounded = threshold(options, image, batchOf(sample));
  return wanted === "image" ? bounded : predictedNoise("sample", at, sample.data, bounded);
}
