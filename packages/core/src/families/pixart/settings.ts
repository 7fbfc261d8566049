import type { SettingsOf } from "../../loop/settings";
import { flag } from "../../schema/option";
import { take } from "../../settings/common-settings";
import { setting } from "../../settings/setting";

export const pixartSettings = {
  ...take("prompt", "negative_prompt", "num_inference_steps", "guidance_scale", "height", "width", "seed"),
  ...take("num_images_per_prompt", "max_sequence_length"),
  clean_caption: setting<boolean>(
    flag(undefined, "Strip the prompt of addresses and markup. Only false is supported."),
    false,
  ),
  use_resolution_binning: setting<boolean>(
    flag(undefined, "Draw at the nearest size that the model was trained on, and resize the image."),
    false,
  ),
  ...take("sigmas", "timesteps", "vae_tiling"),
};

export type PixArtSettings = SettingsOf<typeof pixartSettings>;
