import type { SettingsOf } from "../../loop/settings";
import { number } from "../../schema/option";
import { take } from "../../settings/common-settings";
import { setting } from "../../settings/setting";
import { secondPrompts } from "../encoders/settings";

export const fluxSettings = {
  ...take("prompt", "negative_prompt"),
  ...secondPrompts,
  ...take("num_inference_steps", "guidance_scale"),
  true_cfg_scale: setting<number>(
    number(undefined, {
      minimum: 0,
      description: "Guidance with a second pass, for models whose guidance_scale is an input. 1 is off.",
    }),
    1,
  ),
  ...take("height", "width", "seed", "num_images_per_prompt", "max_sequence_length", "sigmas"),
  ...take("image", "strength", "vae_tiling"),
};

export type FluxSettings = SettingsOf<typeof fluxSettings>;
