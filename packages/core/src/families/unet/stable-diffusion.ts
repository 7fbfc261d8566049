import { defineFamily } from "../../loop/define-family";
import type { FamilyParts } from "../../loop/family";
import type { JsonObject } from "../../schema/json";
import { titleOfWidth } from "../../weights/lora/lora-family";
import { isSteered } from "../control/settings";
import { clipText } from "../encoders/clip-text";
import { ClipPrompts } from "../prompts/clip-prompts";
import { promptRules } from "../prompts/prompt-settings";
import { stableDiffusionNets } from "./control-nets";
import { stableDiffusionFiles } from "./identify";
import { type EncodePrompts, UNetPipeline } from "./pipeline";
import { trainedSize, unetComponents, unetFamily, unetProblems, unetSettings, unetSizes } from "./settings";
import type { UNet2DConditionConfig } from "./unet-2d-condition-config";

/**
 * StableDiffusionPipeline and StableDiffusionImg2ImgPipeline, https://arxiv.org/abs/2112.10752: Stable Diffusion 1 and
 * 2, with diffusers' settings and defaults. A safety checker is not run.
 */
export const stableDiffusionFamily = defineFamily({
  ...unetFamily,
  className: "StableDiffusionPipeline",
  aliases: ["StableDiffusionInpaintPipeline"],
  title: "Stable Diffusion 1.5, 2.1",
  singleFiles: stableDiffusionFiles,
  loraTitle: ({ unet }) => titleOfWidth([(unet as UNet2DConditionConfig).cross_attention_dim].flat()[0]!),
  settings: unetSettings,
  defaults: (configs, fromImage, inpaints) => ({
    num_inference_steps: 50,
    guidance_scale: 7.5,
    ...trainedSize(configs, 64),
    ...(fromImage && !inpaints ? { strength: 0.8 } : {}),
    ...(isSteered(configs) ? { controlnet_conditioning_scale: inpaints ? 0.5 : fromImage ? 0.8 : 1 } : {}),
  }),
  components: { text_encoder: clipText, ...unetComponents },
  controlNets: stableDiffusionNets,
  others: ["safety_checker", "feature_extractor", "image_encoder", "requires_safety_checker"],
  unheeded: { vae: ["shift_factor", "latents_mean", "latents_std"] },
  mendScheduler,
  problems: (configs, settings) => unetProblems(configs, settings, ["text_encoder"], "last"),
  sizes: (configs, settings) => unetSizes(configs, settings, ["text_encoder"]),
  open: async (parts) => new UNetPipeline(parts, await encodePrompts(parts)),
});

/** Early checkpoints say otherwise, or leave it to defaults that are not what their models were made for. */
function mendScheduler(options: Readonly<JsonObject>): JsonObject {
  return {
    ...options,
    ...("steps_offset" in options ? { steps_offset: 1 } : {}),
    ...("clip_sample" in options ? { clip_sample: false } : {}),
  };
}

async function encodePrompts(parts: FamilyParts): Promise<EncodePrompts> {
  const prompts = await ClipPrompts.open(parts, ["text_encoder"], "last");
  return async (settings, guided, signal) => {
    const { prompt, negative_prompt, clip_skip: clipSkip } = settings;
    // The reference skips no layer of the negative prompt.
    const branches = [{ texts: [prompt], clipSkip }, ...(guided ? [{ texts: [negative_prompt] }] : [])];
    const encodings = (await prompts.encode(branches, promptRules(settings), signal)).flat();
    const [cond, uncond] = encodings.map(({ hidden }) => ({ encoder_hidden_states: hidden }));
    return {
      cond: cond!,
      uncond,
      warnings: encodings.flatMap(({ warnings }) => warnings),
      notes: encodings.flatMap(({ notes }) => notes),
    };
  };
}
