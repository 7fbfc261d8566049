import type { Sizes } from "../../graph/dim";
import type { PictureSize } from "../../image/picture";
import type { Configs } from "../../loop/family";
import type { Settings } from "../../loop/settings";
import { decodeSizes, scaleFactorOf } from "../autoencoders/autoencoder";
import { PACK } from "../blocks/packed-latents";
import { controlSizes } from "../control/settings";
import { textSizes } from "../encoders/settings";
import { largestBatch } from "../transformers/true-guidance";
import type { FluxSettings } from "./settings";

/** Pixels along one side of a token. */
export function tokenPixels({ vae }: Configs): number {
  return scaleFactorOf(vae) * PACK;
}

/** As `Family.sizes`. @param seen the size of an image that is looked at */
export function fluxSizes(
  configs: Configs,
  settings: Settings,
  seen: PictureSize = { width: 0, height: 0 },
): Readonly<Record<string, Sizes>> {
  const { max_sequence_length: S } = settings;
  const tokensOf = ({ height, width }: PictureSize): number => (height * width) / tokenPixels(configs) ** 2;
  const larger = tokensOf(seen) > tokensOf(settings) ? { ...settings, ...seen } : settings;
  const transformer = {
    B: largestBatch(settings as FluxSettings),
    S,
    T: S + tokensOf(settings) + tokensOf(seen),
  };
  return {
    ...textSizes(configs, settings, ["text_encoder", "text_encoder_2"]),
    transformer,
    ...controlSizes(configs, transformer),
    vae: decodeSizes(configs.vae, larger), // encoding takes about as much
  };
}
