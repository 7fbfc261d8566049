import type { SettingsOf } from "../../loop/settings";
import { number } from "../../schema/option";
import { take } from "../../settings/common-settings";
import { setting } from "../../settings/setting";
import { secondPrompts } from "../encoders/settings";

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
  true_cfg_scale: setting<number>(
    number(undefined, {
      minimum: 0,
      description: "Guidance with a second pass, for models whose guidance_scale is an input. 1 is off.",
    }),
    1,
  ),
};

/** FLUX.1 Fill's. */
export const fillSettings = { ...shared, ...take("mask", "strength") };

export type FluxSettings = SettingsOf<typeof fluxSettings>;

/** Whether a second pass guides away from the negative prompt; never where the pipeline takes none. */
export function isGuided({ true_cfg_scale, has_negative_prompt }: FluxSettings): boolean {
  return true_cfg_scale > 1 && has_negative_prompt;
}
