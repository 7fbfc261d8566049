import type { SettingsOf } from "../../loop/settings";
import { take } from "../../settings/common-settings";
import { trueGuidanceSettings } from "../transformers/true-guidance";

export const qwenImageSettings = {
  ...take("prompt", "negative_prompt", "num_inference_steps", "guidance_scale"),
  ...trueGuidanceSettings,
  ...take("height", "width", "seed", "num_images_per_prompt", "max_sequence_length", "sigmas"),
  ...take("image", "mask", "strength", "padding_mask_crop", "vae_tiling"),
};

export type QwenImageSettings = SettingsOf<typeof qwenImageSettings>;
