import type { SettingsOf } from "../../loop/settings";
import { take } from "../../settings/common-settings";
import { secondPrompts } from "../encoders/settings";
import { trueGuidanceSettings } from "../transformers/true-guidance";

export const fluxSettings = {
  ...take("prompt", "negative_prompt"),
  ...secondPrompts,
  ...take("num_inference_steps", "guidance_scale"),
  ...trueGuidanceSettings,
  ...take("height", "width", "seed", "num_images_per_prompt", "max_sequence_length", "sigmas"),
  ...take("image", "strength", "vae_tiling"),
};

export type FluxSettings = SettingsOf<typeof fluxSettings>;
