import type { SettingsOf } from "../../loop/settings";
import { take } from "../../settings/common-settings";
import { unsetSetting } from "../../settings/setting";
import { controlSettings } from "../control/settings";
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

/** Of FLUX.1's ControlNets. */
export const fluxControlSettings = {
  ...controlSettings,
  control_mode: unsetSetting<number | null | readonly (number | null)[]>({
    type: ["integer", "array", "null"],
    minimum: 0,
    minItems: 1,
    items: { type: ["integer", "null"], minimum: 0 },
    description: "Kind of the picture, for ControlNets that follow several; one number, or one for each net.",
  }),
};

/** FLUX.1 Fill's. */
export const fillSettings = { ...shared, ...take("mask", "strength") };

export type FluxSettings = SettingsOf<typeof fluxSettings>;

export type FluxControlSettings = SettingsOf<typeof fluxControlSettings>;
