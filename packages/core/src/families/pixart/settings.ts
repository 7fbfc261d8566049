import type { SettingsOf } from "../../loop/settings";
import { take } from "../../settings/common-settings";
import { binningSettings } from "../transformers/resolution-binning";

export const pixartSettings = {
  ...take("prompt", "negative_prompt", "num_inference_steps", "guidance_scale", "height", "width", "seed"),
  ...take("num_images_per_prompt", "max_sequence_length"),
  ...binningSettings,
  ...take("sigmas", "timesteps", "image", "strength", "vae_tiling"),
};

export type PixArtSettings = SettingsOf<typeof pixartSettings>;
