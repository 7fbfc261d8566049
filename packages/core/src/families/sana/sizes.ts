import type { Sizes } from "../../graph/dim";
import type { Configs } from "../../loop/family";
import type { Settings } from "../../loop/settings";
import type { Floats } from "../../tensor";
import { sincosPositions } from "../blocks/sincos-positions";
import { ResolutionBinning } from "../transformers/resolution-binning";
import { transformerSizes } from "../transformers/settings";
import type { SanaConfig } from "./model";
import type { SanaSettings, SanaSprintSettings } from "./settings";

/** Pixels along a side of a latent pixel, and what sizes are a multiple of, whatever the autoencoder does. */
const PIXELS = 32;

export const sanaBinning = new ResolutionBinning([16, 32, 64, 128], PIXELS, PIXELS);
export const sprintBinning = new ResolutionBinning([32], PIXELS, PIXELS);

/** The denoiser's `pos_embed`, where it has one. */
export function positionsOf({
  interpolation_scale,
  ...config
}: SanaConfig): (height: number, width: number) => Floats | undefined {
  return (height, width) =>
    interpolation_scale === null ? undefined : sincosPositions({ ...config, interpolation_scale }, height, width);
}

/** As `Family.sizes`. */
export function sanaSizes(
  configs: Configs,
  settings: SanaSettings | SanaSprintSettings,
  binning: ResolutionBinning,
): Readonly<Record<string, Sizes>> {
  const { max_sequence_length: tokens, complex_human_instruction: instruction } = settings;
  // Letters are more than tokens: about four make one.
  const before = Math.ceil((instruction ?? []).join("\n").length / 4);
  const drawn: Settings = { ...settings, ...binning.drawnSize(configs, settings) };
  return { text_encoder: { B: 1, T: tokens + before }, ...transformerSizes(configs, drawn, tokens) };
}
