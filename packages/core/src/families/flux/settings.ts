import type { SettingsOf } from "../../loop/settings";
import { take } from "../../settings/common-settings";
import { unsetSetting } from "../../settings/setting";
import { controlSettings } from "../control/settings";
import { secondPrompts } from "../encoders/settings";
import { trueGuidanceSettings } from "../transformers/true-guidance";

export const fluxSettings = {
  ...take("prompt", "negative_prompt"),
  ...secondPrompts,
  ...take("num_inference_steps", "guidance_scale"),
  ...trueGuidanceSettings,
  ...take("height", "width", "seed", "num_images_per_prompt", "max_sequence_length", "sigmas"),
  ...take("image", "strength"),
  ...controlSettings,
  control_mode: unsetSetting<number | null | readonly (number | null)[]>({
    type: ["integer", "array", "null"],
    minimum: 0,
    minItems: 1,
    items: { type: ["integer", "null"], minimum: 0 },
    description: "Kind of the picture, for ControlNets that follow several; one number, or one for each net.",
  }),
  ...take("vae_tiling"),
};

export type FluxSettings = SettingsOf<typeof fluxSettings>;
