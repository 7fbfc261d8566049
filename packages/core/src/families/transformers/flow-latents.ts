import type { Blending, FamilyParts, FamilyPipeline } from "../../loop/family";
import { flowFirstStep } from "../../loop/flow-first-step";
import { combine } from "../../loop/guidance";
import type { Settings } from "../../loop/settings";
import type { Generator } from "../../random";
import type { Floats } from "../../tensor";
import { Autoencoder } from "../autoencoders/autoencoder";

/** What a pipeline has whose denoiser moves an autoencoder's latents along a flow, `(1 - sigma) image + sigma noise`. */
export type FlowLatents = Pick<FamilyPipeline, "noise" | "estimate" | "decode"> &
  Required<Pick<FamilyPipeline, "imageToImage">> & {
    readonly inpainting: Blending;
    readonly scaleFactor: number;
    /** An image's latents, drawn anew for each of so many. @returns `[count, C, h, w]` */
    encodeEach(
      settings: Settings,
      image: Floats,
      count: number,
      generator: Generator,
      signal?: AbortSignal,
    ): Promise<Floats>;
    /** An image's most likely latents. @returns `[1, C, h, w]` */
    encodeMode(settings: Settings, image: Floats, signal?: AbortSignal): Promise<Floats>;
  };

/** The latents of a flow model around the pipeline's `vae`. @param channels of the latents */
export function flowLatents(parts: FamilyParts, channels: number): FlowLatents {
  const autoencoder = new Autoencoder(parts, "vae");
  return {
    scaleFactor: autoencoder.scaleFactor,
    noise: (settings, generator) => autoencoder.noise(settings, channels, generator),
    estimate: (input, prediction, sigma) => combine(input, prediction, (x, velocity) => x - sigma * velocity),
    imageToImage: autoencoder.imageToImage(flowFirstStep),
    inpainting: autoencoder.inpainting(flowFirstStep),
    encodeEach: ({ vae_tiling: tiling }, image, draws, generator, signal) =>
      autoencoder.encode(image, generator, { tiling, draws, signal }),
    encodeMode: ({ vae_tiling: tiling }, image, signal) => autoencoder.encode(image, undefined, { tiling, signal }),
    decode: ({ vae_tiling: tiling }, latents, signal) => autoencoder.decode(latents, { tiling, signal }),
  };
}
