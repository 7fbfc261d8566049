import type { DiffusionPrediction } from "../../schedulers/prediction";
import type { Note } from "../checkpoint/note";

/** What a file says of the noise that its model was trained on. */
export interface TrainedNoise {
  /** What the model predicts; none when nothing tells. */
  readonly predictionType: DiffusionPrediction | undefined;
  /** Zero terminal SNR: the noisiest level is pure noise, https://arxiv.org/abs/2305.08891. */
  readonly isZeroSnr: boolean;
  /** Ends of continuous EDM noise levels, as CosXL has them. */
  readonly edm: { readonly sigmaMin: number; readonly sigmaMax: number } | undefined;
  readonly notes: readonly Note[];
}
