import type { Blending, FamilyParts, FamilyPipeline } from "../../loop/family";
import { flowFirstStep } from "../../loop/flow-first-step";
import { combine } from "../../loop/guidance";
import { Autoencoder } from "../autoencoders/autoencoder";

/** What a pipeline has whose denoiser moves an autoencoder's latents along a flow, `(1 - sigma) image + sigma noise`. */
type FlowLatents = Pick<FamilyPipeline, "noise" | "estimate" | "decode"> &
  Required<Pick<FamilyPipeline, "imageToImage">> & { readonly inpainting: Blending; readonly scaleFactor: number };

/** @param channels of the latents */
export function flowLatents(parts: FamilyParts, channels: number): FlowLatents {
  const autoencoder = new Autoencoder(parts, "vae");
  return {
    scaleFactor: autoencoder.scaleFactor,
    noise: (settings, generator) => autoencoder.noise(settings, channels, generator),
    estimate: (input, prediction, sigma) => combine(input, prediction, (x, velocity) => x - sigma * velocity),
    imageToImage: autoencoder.imageToImage(flowFirstStep),
    inpainting: autoencoder.inpainting(flowFirstStep),
    decode: ({ vae_tiling: tiling }, latents, signal) => autoencoder.decode(latents, { tiling, signal }),
  };
}
