import type { SettingsOf } from "../../loop/settings";
import { number } from "../../schema/option";
import { take } from "../../settings/common-settings";
import { setting } from "../../settings/setting";
import { secondPrompts } from "../encoders/settings";

/** What all pipelines around FLUX.1's models take. */
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
  ...take("image", "vae_tiling"),
};

export type FluxSettings = SettingsOf<typeof fluxSettings>;

/** Whether a second pass guides away from the negative prompt. */
export function isGuided({ true_cfg_scale, has_negative_prompt }: FluxSettings): boolean {
  return true_cfg_scale > 1 && has_negative_prompt;
}
