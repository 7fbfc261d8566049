import { choice, type OptionSchema } from "../schema/option";
import { weightedSum, weightedSumOver } from "./weighted-sum";

/**
 * What a model predicts of a sample `alpha * image + sigma * noise`: the noise, the image, the velocity
 * `alpha * noise - sigma * image` (https://arxiv.org/abs/2202.00512), or the flow `noise - image`.
 */
export type PredictionType = "epsilon" | "sample" | "v_prediction" | "flow_prediction";

/** Every diffusion scheduler's option; flow needs a scheduler that has flow noise levels. @param types the usual three when left out */
export function predictionSchema<Type extends PredictionType | "original_sample" = DiffusionPrediction>(
  types: readonly Type[] = diffusionPredictions as readonly PredictionType[] as readonly Type[],
): OptionSchema<Type> {
  return choice(types[0]!, types, "What the model predicts.");
}

/** The usual three. */
export type DiffusionPrediction = Exclude<PredictionType, "flow_prediction">;
/** What most diffusion models predict, the usual default first. */
export const diffusionPredictions: readonly DiffusionPrediction[] = ["epsilon", "sample", "v_prediction"];

/** How much of the image and of the noise a sample holds. */
export interface Mixture {
  readonly alpha: number;
  readonly sigma: number;
}

/** The clean image that a prediction implies. */
export function predictedImage(
  type: PredictionType,
  { alpha, sigma }: Mixture,
  sample: Float32Array,
  output: Float32Array,
): Float32Array {
  switch (type) {
    case "epsilon":
      return weightedSumOver(alpha, [1, sample], [-sigma, output]);
    case "sample":
      return output;
    case "v_prediction":
      return weightedSum([alpha, sample], [-sigma, output]);
    case "flow_prediction":
      return weightedSum([1, sample], [-sigma, output]);
  }
}

/** The noise that a prediction implies. */
export function predictedNoise(
  type: PredictionType,
  { alpha, sigma }: Mixture,
  sample: Float32Array,
  output: Float32Array,
): Float32Array {
  switch (type) {
    case "epsilon":
      return output;
    case "sample":
      return weightedSumOver(sigma, [1, sample], [-alpha, output]);
    case "v_prediction":
      return weightedSum([alpha, output], [sigma, sample]);
    case "flow_prediction":
      return weightedSum([1, sample], [1 - sigma, output]);
  }
}
