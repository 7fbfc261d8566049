import { modelOptions } from "../../errors/models";
import { nearestPixels } from "../../image/nearest-pixels";
import { concat } from "../../loop/concat";
import type { Configs, ImageToImage, Inpainted, Inpainting } from "../../loop/family";
import type { Autoencoder } from "../autoencoders/autoencoder";
import type { Seen } from "./pipeline";
import { unet2DCondition } from "./unet-2d-condition";
import type { UNet2DConditionConfig } from "./unet-2d-condition-config";

/** Channels of the latents that are drawn: the autoencoder's. */
export function latentChannels({ vae }: Configs): number {
  return (vae as { latent_channels: number }).latent_channels;
}

/** Whether the U-Net was trained to inpaint: besides latents it sees a mask and the masked image's latents. */
export function seesMask(configs: Configs): boolean {
  return (configs.unet as UNet2DConditionConfig).in_channels === 2 * latentChannels(configs) + 1;
}

/** @throws SKIPSTEP_MODEL_OPTION for a U-Net that sees something else */
export function checkChannels(configs: Configs): void {
  const { in_channels } = configs.unet as UNet2DConditionConfig;
  const latent = latentChannels(configs);
  if (in_channels === latent || seesMask(configs)) return;
  const instructed =
    in_channels === 2 * latent ? ". Models that edit by instruction (InstructPix2Pix) are not run" : "";
  throw modelOptions(unet2DCondition.className, [
    `"in_channels" must be ${latent}, the autoencoder's, or ${2 * latent + 1} to inpaint, found ${in_channels}${instructed}`,
  ]);
}

/** How a part of an image is painted anew: by blending, or by a U-Net that sees the rest. */
export function unetInpainting(
  configs: Configs,
  autoencoder: Autoencoder,
  firstStep: ImageToImage["firstStep"],
): Inpainting<Seen> {
  const blending = autoencoder.inpainting(firstStep, true);
  if (!seesMask(configs)) return blending;
  const { blendMask: _, ...seeing } = blending;
  return {
    ...seeing,
    encodeMasked: seeing.encode,
    see: (encoded, { mask, masked }: Inpainted) => ({
      ...encoded,
      beside: concat([nearestPixels(mask, autoencoder.scaleFactor), masked!], 1),
    }),
  };
}
