import { modelOptions } from "../../errors/models";
import type { Configs } from "../../loop/family";
import { scaleFactorOf } from "../autoencoders/autoencoder";
import { PACK } from "../blocks/packed-latents";
import { type FluxConfig, flux } from "./model";
import { AXES } from "./positions";

/** Channels of the latents that are drawn: the autoencoder's. */
export function latentChannels({ vae }: Configs): number {
  return (vae as { latent_channels: number }).latent_channels;
}

/** The denoiser must take what its latents are packed into, and positions on the axes that they have. */
export function checkFit({ transformer, vae }: Configs): void {
  const features = latentChannels({ vae }) * PACK ** 2;
  check(transformer, features, features, `${PACK ** 2} times "latent_channels" of the VAE (${features})`);
}

/** That of FLUX.1 Fill sees as much of the image that it keeps, and the mask in each pixel. */
export function checkFillFit({ transformer, vae }: Configs): void {
  const features = latentChannels({ vae }) * PACK ** 2;
  const pixels = (scaleFactorOf(vae) * PACK) ** 2;
  const taken = 2 * features + pixels;
  check(
    transformer,
    taken,
    features,
    `${2 * PACK ** 2} times "latent_channels" of the VAE, and ${pixels} for the mask (${taken})`,
  );
}

function check(transformer: unknown, taken: number, given: number, what: string): void {
  const { in_channels, out_channels, patch_size, axes_dims_rope } = transformer as FluxConfig;
  const found = patch_size ** 2 * (out_channels ?? in_channels);
  const problems = [
    ...(in_channels === taken ? [] : [`"in_channels" must be ${what}, found ${in_channels}${kindOf(in_channels)}`]),
    ...(in_channels !== taken || found === given ? [] : [`"out_channels" must be ${given}, found ${found}`]),
    ...(axes_dims_rope.length === AXES
      ? []
      : [`"axes_dims_rope" must have ${AXES} entries, found ${axes_dims_rope.length}`]),
  ];
  if (problems.length > 0) throw modelOptions(flux.className, problems);
}

/** What published models are that take so many channels. */
function kindOf(channels: number): string {
  const kind = { 64: "FLUX.1 dev, schnell or Kontext", 128: "FLUX.1 Depth or Canny", 384: "FLUX.1 Fill" }[channels];
  return kind === undefined ? "" : `: it is ${kind}`;
}
