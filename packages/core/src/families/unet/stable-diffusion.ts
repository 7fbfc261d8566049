import { defineFamily } from "../../loop/define-family";
import type { FamilyParts } from "../../loop/family";
import type { JsonObject } from "../../schema/json";
import { titleOfWidth } from "../../weights/lora/lora-family";
import { tilingProblems } from "../autoencoders/autoencoder";
import { ClipEncoder, clipSkipProblems } from "../encoders/clip-encoder";
import { clipText } from "../encoders/clip-text";
import { stableDiffusionFiles } from "./identify";
import { type EncodePrompts, UNetPipeline } from "./pipeline";
import { trainedSize, unetComponents, unetFamily, unetSettings, unetSizes } from "./settings";
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
  }),
  components: { text_encoder: clipText, ...unetComponents },
  others: ["safety_checker", "feature_extractor", "image_encoder", "requires_safety_checker"],
  unheeded: { vae: ["shift_factor", "latents_mean", "latents_std"] },
  mendScheduler,
  problems: (configs, settings) => [
    ...clipSkipProblems(configs, settings.clip_skip, ["text_encoder"], "last"),
    ...tilingProblems(configs.vae, settings),
  ],
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
  const encoder = await ClipEncoder.open(parts, "text_encoder", "last");
  return async ({ prompt, negative_prompt, clip_skip: clipSkip }, guided, signal) => {
    const cond = await encoder.encode(prompt, { clipSkip }, signal);
    // The reference skips no layer here.
    const uncond = guided ? await encoder.encode(negative_prompt, {}, signal) : undefined;
    return {
      cond: { encoder_hidden_states: cond.hidden },
      uncond: uncond && { encoder_hidden_states: uncond.hidden },
      warnings: [...cond.warnings, ...(uncond?.warnings ?? [])],
    };
  };
}
