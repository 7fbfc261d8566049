import type { SettingsOf } from "../../loop/settings";
import { take } from "../../settings/common-settings";
import { secondPrompts } from "../encoders/settings";
import { trueGuidanceSettings } from "../transformers/true-guidance";

const { prompt_2, negative_prompt_2 } = secondPrompts;

/** What all pipelines around FLUX.1's models take. */
const shared = {
  ...take("prompt"),
  prompt_2,
  ...take("num_inference_steps", "guidance_scale", "height", "width", "seed"),
  ...take("num_images_per_prompt", "max_sequence_length", "sigmas", "image", "vae_tiling"),
};

/** With guidance away from a negative prompt. */
export const fluxSettings = {
  ...shared,
  ...take("negative_prompt"),
  negative_prompt_2,
  ...trueGuidanceSettings,
};

/** FLUX.1 Fill's. */
export const fillSettings = { ...shared, ...take("mask", "strength") };

export type FluxSettings = SettingsOf<typeof fluxSettings>;
