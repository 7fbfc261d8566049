import type { Sizes } from "../../graph/dim";
import type { Configs } from "../../loop/family";
import { imageCount, type Settings } from "../../loop/settings";
import { decodeSizes, scaleFactorOf } from "../autoencoders/autoencoder";

/** What the families around a transformer over patches have in common before anything is loaded. */

/** What the configs of Stable Diffusion 3's, PixArt's and DiT's transformers share. */
export interface PatchTransformerConfig {
  readonly sample_size: number;
  readonly patch_size: number;
  readonly in_channels: number;
  /** As many as enter when null; twice as many where the model learned the variance too. */
  readonly out_channels: number | null;
}

/** The size that the model was trained on. */
export function trainedSquare({ transformer, vae }: Configs): Pick<Settings, "height" | "width"> {
  const side = (transformer as PatchTransformerConfig).sample_size * scaleFactorOf(vae);
  return { height: side, width: side };
}

/** Pixels along one side of a patch. */
export function patchPixels({ transformer, vae }: Configs): number {
  return (transformer as PatchTransformerConfig).patch_size * scaleFactorOf(vae);
}

/** Guidance strength of a generation; 0 without guidance. Strength 1 is the prompt's own prediction. */
export function guidanceStrength({ guidance_scale }: Settings): number {
  return guidance_scale > 1 ? guidance_scale : 0;
}

/** As `Family.sizes`, of denoiser and decoder. @param S tokens of a prompt */
export function transformerSizes(configs: Configs, settings: Settings, S?: number): Readonly<Record<string, Sizes>> {
  const factor = scaleFactorOf(configs.vae);
  const B = Math.max(1, imageCount(settings)) * (guidanceStrength(settings) > 0 ? 2 : 1);
  const latents = { B, H: settings.height / factor, W: settings.width / factor };
  return {
    transformer: S === undefined ? latents : { ...latents, S },
    vae: decodeSizes(configs.vae, settings),
  };
}
