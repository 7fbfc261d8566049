import type { Sizes } from "../../graph/dim";
import { defineFamily } from "../../loop/define-family";
import type { Configs, SettingProblem } from "../../loop/family";
import { flowFirstStep } from "../../loop/flow-first-step";
import { imageCount } from "../../loop/settings";
import { autoencoderClasses, decodeSizes, scaleFactorOf, tilingProblems } from "../autoencoders/autoencoder";
import { controlSizes, isSteered } from "../control/settings";
import { qwen3 } from "../encoders/qwen3";
import { Qwen3Encoder } from "../encoders/qwen3-encoder";
import type { ZImageControlNetConfig } from "./control-net";
import { zImageControlNets } from "./control-nets";
import { zImageFiles } from "./files";
import { PATCH, type ZImageConfig, zImage } from "./model";
import { zImagePipeline } from "./pipeline";
import { longestCaption, paddedLength } from "./sequence";
import { type ZImageSettings, zImageSettings } from "./settings";

/** ZImagePipeline and ZImageImg2ImgPipeline, https://arxiv.org/abs/2511.22699, with diffusers' settings and defaults. */
export const zImageFamily = defineFamily({
  className: "ZImagePipeline",
  aliases: ["ZImageInpaintPipeline"],
  title: "Z-Image",
  singleFiles: zImageFiles,
  settings: zImageSettings,
  defaults: (configs, fromImage, inpaints) => ({
    num_inference_steps: 50,
    guidance_scale: 5,
    ...(isSteered(configs) ? { controlnet_conditioning_scale: 0.75 } : {}),
    height: 1024,
    width: 1024,
    ...(fromImage && !inpaints ? { strength: 0.6 } : {}),
  }),
  firstStep: flowFirstStep,
  sizeMultiple: ({ vae }) => scaleFactorOf(vae) * PATCH,
  components: { text_encoder: qwen3, transformer: zImage, vae: autoencoderClasses },
  controlNets: zImageControlNets,
  unheeded: { vae: ["latents_mean", "latents_std"] },
  schedulers: ["FlowMatchEulerDiscreteScheduler", "UniPCMultistepScheduler", "DPMSolverMultistepScheduler"],
  problems: (configs, settings) => [
    ...sizeProblems(configs, settings),
    ...tilingProblems(configs.vae, settings),
    ...beginningProblems(configs, settings),
  ],
  sizes: (configs, settings) => runSizes(configs, settings),
  open: async (parts) => zImagePipeline(parts, await Qwen3Encoder.open(parts)),
});

/** The image must fit into the model's positions. */
function sizeProblems(configs: Configs, { height, width }: ZImageSettings): SettingProblem[] {
  const { axes_lens } = configs.transformer as ZImageConfig;
  return Object.entries({ height, width }).flatMap(([key, side], axis): SettingProblem[] => {
    const most = axes_lens[axis + 1]! * scaleFactorOf(configs.vae) * PATCH;
    return side > most ? [{ key: key as "height", text: `must be <= ${most} for this model, found ${side}` }] : [];
  });
}

/**
 * The reference has no pipeline that begins with an image and is steered by a ControlNet. Those that inpaint begin with
 * noise, by a net that sees the rest of the image.
 */
function beginningProblems(configs: Configs, { image, mask, strength }: ZImageSettings): SettingProblem[] {
  if (image === undefined || !isSteered(configs)) return [];
  if (mask === undefined)
    return [{ key: "image", text: "and a ControlNet do not go together in this family but with a mask, to inpaint" }];
  const { in_channels } = configs.transformer as ZImageConfig;
  const { control_in_dim: channels } = configs.controlnet as ZImageControlNetConfig;
  const needed = 2 * in_channels + 1;
  if (channels < needed) {
    const text = `is for ControlNets that see ${needed} channels, mask and image besides the picture; this one sees ${channels}`;
    return [{ key: "mask", text }];
  }
  const isRedrawn = strength === 1;
  return isRedrawn ? [] : [{ key: "strength", text: `must be 1 with a ControlNet, found ${strength}` }];
}

function runSizes(configs: Configs, settings: ZImageSettings): Readonly<Record<string, Sizes>> {
  const { height, width, guidance_scale, max_sequence_length } = settings;
  const factor = scaleFactorOf(configs.vae);
  const images = Math.max(1, imageCount(settings));
  const [h, w] = [height / factor / PATCH, width / factor / PATCH];
  const L = paddedLength(Math.min(max_sequence_length, longestCaption(configs.transformer as ZImageConfig)));
  const transformer = { B: images * (guidance_scale > 0 ? 2 : 1), h, w, L, T: paddedLength(h * w) + L };
  return {
    text_encoder: { B: 1, T: max_sequence_length },
    transformer,
    ...controlSizes(configs, transformer),
    vae: decodeSizes(configs.vae, settings),
  };
}
