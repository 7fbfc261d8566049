import type { Sizes } from "../../graph/dim";
import { defineFamily } from "../../loop/define-family";
import type { Configs } from "../../loop/family";
import { flowFirstStep } from "../../loop/flow-first-step";
import { decodeSizes, scaleFactorOf } from "../autoencoders/autoencoder";
import { PACK } from "../blocks/packed-latents";
import { qwen25Vl } from "../encoders/qwen2-5-vl";
import { largestBatch } from "../transformers/true-guidance";
import { qwenImageAutoencoder } from "./autoencoder";
import { qwenImageFiles } from "./files";
import { checkFit, qwenImageProblems } from "./fit";
import { qwenImage } from "./model";
import { qwenImagePipeline } from "./pipeline";
import { DROPPED, QwenImagePromptEncoder } from "./prompts";
import { type QwenImageSettings, qwenImageSettings } from "./settings";

/**
 * QwenImagePipeline, and what its classes for images to begin with and for masks do, https://arxiv.org/abs/2508.02324,
 * with diffusers' settings and defaults. No model of the family takes a `guidance_scale`: it is read, and has no effect.
 */
export const qwenImageFamily = defineFamily({
  className: "QwenImagePipeline",
  aliases: ["QwenImageInpaintPipeline"],
  title: "Qwen-Image",
  singleFiles: qwenImageFiles,
  settings: qwenImageSettings,
  defaults: ({ vae }, fromImage) => ({
    num_inference_steps: 50,
    guidance_scale: 1,
    true_cfg_scale: 4,
    height: 128 * scaleFactorOf(vae),
    width: 128 * scaleFactorOf(vae),
    ...(fromImage ? { strength: 0.6 } : {}),
  }),
  sizeMultiple: ({ vae }) => scaleFactorOf(vae) * PACK,
  components: {
    text_encoder: qwen25Vl,
    transformer: qwenImage,
    vae: { AutoencoderKLQwenImage: { architecture: qwenImageAutoencoder, entry: "decode" } },
  },
  schedulers: ["flow"],
  unfitSchedulers: ["FlowMatchHeunDiscreteScheduler"], // takes no levels of the pipeline's
  problems: qwenImageProblems,
  firstStep: flowFirstStep,
  sizes: (configs, settings) => runSizes(configs, settings),
  open: async (parts) => {
    checkFit(parts.configs);
    return qwenImagePipeline(parts, await QwenImagePromptEncoder.open(parts));
  },
});

function runSizes(configs: Configs, settings: QwenImageSettings): Readonly<Record<string, Sizes>> {
  const { height, width, max_sequence_length: S } = settings;
  const multiple = scaleFactorOf(configs.vae) * PACK;
  return {
    text_encoder: { B: 1, T: DROPPED + S },
    transformer: { B: largestBatch(settings), S, T: S + (height / multiple) * (width / multiple) },
    vae: decodeSizes(configs.vae, settings),
  };
}
