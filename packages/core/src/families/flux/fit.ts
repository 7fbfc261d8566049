import { modelOptions } from "../../errors/models";
import type { Configs } from "../../loop/family";
import { PACK } from "../blocks/packed-latents";
import { type FluxConfig, flux } from "./model";
import { AXES } from "./positions";

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
