import { modelOptions } from "../../errors/models";
import type { Sizes } from "../../graph/dim";
import type { Configs, SettingProblem } from "../../loop/family";
import { decodeSizes, scaleFactorOf, tilingProblems } from "../autoencoders/autoencoder";
import { PACK } from "../blocks/packed-latents";
import { controlSizes } from "../control/settings";
import { longPromptProblems, textSizes } from "../encoders/settings";
import { largestBatch } from "../transformers/true-guidance";
import { modeProblems } from "./control-nets";
import { type FluxConfig, flux } from "./model";
import { AXES } from "./pipeline";
import type { FluxSettings } from "./settings";

/** What must fit together, and the sizes that follow from settings. */

/** As `Family.problems`. */
export function fluxProblems(configs: Configs, settings: FluxSettings): SettingProblem[] {
  return [
    ...longPromptProblems(settings),
    ...tilingProblems(configs.vae, settings),
    ...modeProblems(configs, settings),
  ];
}

/** As `Family.sizes`. */
export function fluxSizes(configs: Configs, settings: FluxSettings): Readonly<Record<string, Sizes>> {
  const { height, width, max_sequence_length: S } = settings;
  const factor = scaleFactorOf(configs.vae);
  const [h, w] = [height / factor, width / factor];
  const transformer = { B: largestBatch(settings), S, T: S + (h / PACK) * (w / PACK) };
  return {
    ...textSizes(configs, settings, ["text_encoder", "text_encoder_2"]),
    transformer,
    ...controlSizes(configs, transformer),
    vae: decodeSizes(configs.vae, settings),
  };
}

/** The denoiser must take what its latents are packed into, and positions on the axes that they have. */
export function checkFit({ transformer, vae }: Configs): void {
  const { in_channels, axes_dims_rope } = transformer as FluxConfig;
  const features = (vae as { latent_channels: number }).latent_channels * PACK ** 2;
  const problems = [
    ...(in_channels === features
      ? []
      : [`"in_channels" must be ${PACK ** 2} times "latent_channels" of the VAE (${features}), found ${in_channels}`]),
    ...(axes_dims_rope.length === AXES
      ? []
      : [`"axes_dims_rope" must have ${AXES} entries, found ${axes_dims_rope.length}`]),
  ];
  if (problems.length > 0) throw modelOptions(flux.className, problems);
}
