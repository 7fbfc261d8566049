import type { SettingsOf } from "../../loop/settings";
import { take } from "../../settings/common-settings";
import { clipSettings, secondPrompts, thirdPrompts } from "../encoders/settings";

export const sd3Settings = {
  ...take("prompt", "negative_prompt"),
  ...secondPrompts,
  ...thirdPrompts,
  ...take("num_inference_steps", "guidance_scale"),
  ...clipSettings,
  ...take("height", "width", "seed", "num_images_per_prompt", "max_sequence_length", "sigmas"),
  ...take("image", "mask", "strength", "padding_mask_crop", "vae_tiling"),
};

export type Sd3Settings = SettingsOf<typeof sd3Settings>;
