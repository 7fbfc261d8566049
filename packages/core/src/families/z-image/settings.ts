import type { SettingsOf } from "../../loop/settings";
import { number } from "../../schema/option";
import { take } from "../../settings/common-settings";
import { setting } from "../../settings/setting";

export const zImageSettings = {
  ...take("prompt", "negative_prompt", "num_inference_steps", "guidance_scale"),
  cfg_normalization: setting<number>(
    number(undefined, {
      minimum: 0,
      description: "Rescales guided predictions that grew longer than this times the unguided one. 0 is off.",
    }),
    0,
  ),
  cfg_truncation: setting<number>(
    number(undefined, {
      minimum: 0,
      description: "No guidance beyond this share of the way from noise to image. 1 guides all the way.",
    }),
    1,
  ),
  ...take("height", "width", "seed", "num_images_per_prompt", "max_sequence_length", "sigmas"),
  ...take("image", "mask", "strength", "control_image", "controlnet_conditioning_scale", "vae_tiling"),
};

export type ZImageSettings = SettingsOf<typeof zImageSettings>;
