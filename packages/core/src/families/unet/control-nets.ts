import { controlNetUnfit } from "../../errors/pipeline";
import type { ControlNet, ControlNetKind, JoinedConfigs } from "../../loop/control-nets";
import type { Configs } from "../../loop/family";
import type { JsonObject } from "../../schema/json";
import { countOf } from "../../weights/single-file/count-of";
import type { Shapes } from "../../weights/single-file/recipe";
import { scaleFactorOf } from "../autoencoders/autoencoder";
import { otherNets } from "../control/other-nets";
import { controlNet, pictureFactor } from "./control-net";
import type { ControlNetConfig } from "./control-net-config";
import { wayDownConfig } from "./files";
import { latentChannels } from "./inpainting";
import type { UNet2DConditionConfig } from "./unet-2d-condition-config";

const { className } = controlNet;

export const stableDiffusionNets = unetControlNets("Stable Diffusion 1, 2", [
  "StableDiffusionControlNetPipeline",
  "StableDiffusionControlNetImg2ImgPipeline",
  "StableDiffusionControlNetInpaintPipeline",
]);

export const stableDiffusionXlNets = unetControlNets("Stable Diffusion XL", [
  "StableDiffusionXLControlNetPipeline",
  "StableDiffusionXLControlNetImg2ImgPipeline",
  "StableDiffusionXLControlNetInpaintPipeline",
]);

/** ControlNets of a family around UNet2DConditionModel. @param title what people call the family */
function unetControlNets(title: string, pipelines: readonly string[]): ControlNetKind {
  return {
    pipelines,
    classes: { [className]: { architecture: controlNet, entry: "forward" } },
    file: {
      kind: "model",
      library: "diffusers",
      className,
      others: otherNets("Stable Diffusion"),
      config: (shapes) => configOf(shapes, title),
    },
    smallest,
    sizesImages: true,
    join: (configs, nets) => join(configs, nets, title),
  };
}

/** What the way down has, and nothing of the way up. */
function smallest(
  { up_block_types: _up, out_channels: _out, sample_size: _size, ...config }: Readonly<JsonObject>,
  configs: Configs,
): JsonObject {
  const levels = Math.log2(scaleFactorOf(configs.vae)) + 1;
  return {
    ...config,
    _class_name: className,
    in_channels: latentChannels(configs),
    conditioning_embedding_out_channels: new Array<number>(levels).fill(4),
  };
}

function configOf(shapes: Shapes, title: string): JsonObject {
  const embedding = "controlnet_cond_embedding";
  const channelsOf = (module: string): number | undefined => shapes.get(`${embedding}.${module}.weight`)?.[0];
  const halves = countOf(shapes, `${embedding}.blocks.*`) / 2;
  const channels = Array.from({ length: halves }, (_, i) => channelsOf(`blocks.${2 * i + 1}`));
  return {
    ...wayDownConfig(shapes, `a ControlNet for ${title}`),
    _class_name: className,
    conditioning_embedding_out_channels: [channelsOf("conv_in"), ...channels],
  };
}

/** A net is the way down of its own U-Net: what it gives is added to what the model's gives. */
function join(configs: Configs, nets: readonly ControlNet[], title: string): JoinedConfigs {
  const unet = configs.unet as UNet2DConditionConfig;
  const factor = scaleFactorOf(configs.vae);
  return {
    denoiser: { ...unet, steered: true },
    nets: nets.map(({ config: given, path }) => {
      const config = given as ControlNetConfig;
      const problem =
        misfit(config.unet, unet) ??
        latentsMisfit(config.unet, latentChannels(configs)) ??
        pictureMisfit(config, factor);
      if (problem !== undefined) throw controlNetUnfit(path, title, problem);
      // A net without attention does not tell how wide the prompt is.
      return { ...config, unet: { ...config.unet, cross_attention_dim: unet.cross_attention_dim } };
    }),
  };
}

const alike = ["block_out_channels", "layers_per_block", "downsample_padding", "addition_embed_type"] as const;

function misfit(net: UNet2DConditionConfig, unet: UNet2DConditionConfig): string | undefined {
  const different = alike.find((key) => String(net[key]) !== String(unet[key]));
  if (different) return `its "${different}" must be ${unet[different]}, found ${net[different]}`;
  if (net.class_embed_type !== null || net.num_class_embeds !== null) return "it knows classes";
  if (readsPrompt(net) && net.cross_attention_dim !== unet.cross_attention_dim)
    return `it must read prompts of the width ${unet.cross_attention_dim}, found ${net.cross_attention_dim}`;
  const [own, width] = [net.projection_class_embeddings_input_dim, unet.projection_class_embeddings_input_dim];
  return own === width ? undefined : `its added conditions must have the width ${width}, found ${own}`;
}

/** Nets see latents alone, also beside a U-Net that sees a mask. */
function latentsMisfit({ in_channels }: UNet2DConditionConfig, channels: number): string | undefined {
  return in_channels === channels ? undefined : `its "in_channels" must be ${channels}, found ${in_channels}`;
}

function readsPrompt({ down_block_types, mid_block_type }: UNet2DConditionConfig): boolean {
  return down_block_types.includes("CrossAttnDownBlock2D") || mid_block_type === "UNetMidBlock2DCrossAttn";
}

function pictureMisfit(config: ControlNetConfig, factor: number): string | undefined {
  const own = pictureFactor(config);
  return own === factor ? undefined : `a pixel of its latents must be ${factor} of the picture's, found ${own}`;
}
