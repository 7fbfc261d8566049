import { threshold } from "./clip";
import { mixtureAt } from "./log-snr-step";
import { predictedImage, predictedNoise } from "./prediction";
import type { Call } from "./sampler";
import type { SolverOptions } from "./solver-options";

export type PredictedOptions = Pick<SolverOptions, "prediction_type" | "use_flow_sigmas"> &
  Parameters<typeof threshold>[0];

/**
 * The image or the noise that a model's output implies, whichever the solver works with.
 *
 * @param sigma the sample's noise level
 */
export function solverPrediction(
  options: PredictedOptions,
  wanted: "image" | "noise",
  sigma: number,
  { sample, output, batch }: Call,
): Float32Array {
  const { prediction_type: type, thresholding, use_flow_sigmas } = options;
  // A flow is told in its own levels, even where the solver has a diffusion's.
  const at = mixtureAt(sigma, use_flow_sigmas || type === "flow_prediction");
  if (wanted === "noise" && !thresholding) return predictedNoise(type, at, sample, output);
  const image = predictedImage(type, at, sample, output);
  if (!thresholding) return image;
  const bounded = threshold(options, image, batch);
  return wanted === "image" ? bounded : predictedNoise("sample", at, sample, bounded);
}
