import {
  Denoiser,
  estimateImage,
  type FamilyParts,
  type FamilyPipeline,
  type Floats,
  floats,
  forRows,
  imageCount,
  modelOptions,
  rows,
  sizeOf,
  stack,
} from "@skipstep/core/model";
import type { UNet2DConfig } from "./unet-2d";

/**
 * The U-Net draws on pixels: there is no autoencoder, no prompt and no guidance.
 * @throws SKIPSTEP_MODEL_OPTION for a U-Net that the reference's pipelines cannot run either
 */
export function pixelPipeline(parts: FamilyParts): FamilyPipeline {
  const { in_channels } = checked(parts.configs.unet as UNet2DConfig);
  const denoiser = new Denoiser(parts, "unet");
  return {
    encode: async () => ({ warnings: [] }),
    noise: (settings, generator) => {
      const shape = [imageCount(settings), in_channels, settings.height, settings.width];
      return floats(shape, generator.randn(sizeOf(shape)));
    },
    schedule: ({ num_inference_steps }) => ({ num_inference_steps }),
    guidanceAt: () => 0,
    predict: (encoded, sample, timestep, _, options) => {
      const time = { timestep, at: (t: number) => ({ timestep: forRows(sample.shape[0]!, t) }) };
      return denoiser.run(encoded, { step: { sample }, time, constants: {} }, options);
    },
    estimate: estimateImage,
    decode: async (_, pixels) => (in_channels === 1 ? inColors(pixels) : pixels),
  };
}

function checked(config: UNet2DConfig): UNet2DConfig {
  const { in_channels, out_channels, class_embed_type, num_class_embeds } = config;
  const problems = [
    ...(in_channels === 1 || in_channels === 3 ? [] : [`"in_channels" must be 1 or 3, found ${in_channels}`]),
    ...(out_channels === in_channels ? [] : [`"out_channels" must be "in_channels", found ${out_channels}`]),
    ...(class_embed_type === null && num_class_embeds === null ? [] : ["it must have no classes: none is drawn here"]),
  ];
  if (problems.length > 0) throw modelOptions("UNet2DModel", problems);
  return config;
}

/** Grey in red, green and blue. @param pixels `[B, 1, H, W]` @returns `[B, 3, H, W]` */
function inColors(pixels: Floats): Floats {
  const [batch, , height, width] = pixels.shape as [number, number, number, number];
  const grey = Array.from({ length: 3 * batch }, (_, i) => rows(pixels, Math.floor(i / 3), Math.floor(i / 3) + 1));
  return floats([batch, 3, height, width], stack(grey).data);
}
