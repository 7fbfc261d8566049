import { type PredictionType, predictedImage } from "../schedulers/prediction";
import { type Floats, floats } from "../tensor";

/**
 * The clean latents that a prediction implies.
 * @param input what the model saw, as `scaleModelInput` gave it: of unit variance, or a flow's mixture
 * @param sigma noise over signal; for a flow the share of noise
 * @param predictionType of the scheduler's options; flow schedulers have none
 */
export function estimateImage(input: Floats, prediction: Floats, sigma: number, predictionType: unknown): Floats {
  const type = (predictionType ?? "flow_prediction") as PredictionType;
  const alpha = 1 / Math.sqrt(1 + sigma ** 2);
  const mixture = type === "flow_prediction" ? { alpha: 1 - sigma, sigma } : { alpha, sigma: sigma * alpha };
  return floats(input.shape, predictedImage(type, mixture, input.data, prediction.data));
}
