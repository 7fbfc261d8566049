import type { Configs } from "../../loop/family";
import type { SettingsOf } from "../../loop/settings";
import { integer, list } from "../../schema/option";
import { take } from "../../settings/common-settings";
import { setting } from "../../settings/setting";
import { TAPS } from "./text-encoder";

export const flux2Settings = {
  ...take("prompt", "num_inference_steps", "guidance_scale"),
  ...take("height", "width", "seed", "num_images_per_prompt", "max_sequence_length"),
  text_encoder_out_layers: setting<readonly number[]>(
    list(undefined, integer(undefined, { minimum: 0 }), {
      minItems: 1,
      maxItems: 16,
      description: "States of the text encoder that the model is told: 0 is the embeddings, 1 behind the first layer.",
    }),
    TAPS,
  ),
  ...take("sigmas", "image", "mask", "image_reference", "strength", "padding_mask_crop", "vae_tiling"),
};

export type Flux2Settings = SettingsOf<typeof flux2Settings>;

/** Whether the model was made to draw in a few steps, without a second pass. @param configs with `model_index` */
export function isDistilled({ model_index }: Configs): boolean {
  return (model_index as { is_distilled?: unknown }).is_distilled === true;
}

/** Guidance strength of a generation; 0 without guidance. */
export function guidanceOf(configs: Configs, { guidance_scale }: Pick<Flux2Settings, "guidance_scale">): number {
  return guidance_scale > 1 && !isDistilled(configs) ? guidance_scale : 0;
}
