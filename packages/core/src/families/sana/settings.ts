import type { SettingsOf } from "../../loop/settings";
import { number } from "../../schema/option";
import { take } from "../../settings/common-settings";
import { setting, unsetSetting } from "../../settings/setting";
import { binningSettings } from "../transformers/resolution-binning";

const instructionSettings = {
  complex_human_instruction: setting<readonly string[] | null>(
    {
      type: ["array", "null"],
      items: { type: "string" },
      maxItems: 1000,
      description: "Lines that the text encoder reads before the prompt; null or an empty list leaves them out.",
    },
    null,
  ),
};

export const sanaSettings = {
  ...take("prompt", "negative_prompt", "num_inference_steps", "guidance_scale", "height", "width", "seed"),
  ...take("num_images_per_prompt", "max_sequence_length"),
  ...instructionSettings,
  ...binningSettings,
  ...take("sigmas", "timesteps", "vae_tiling"),
};

export type SanaSettings = SettingsOf<typeof sanaSettings>;

export const sanaSprintSettings = {
  ...take("prompt", "num_inference_steps", "guidance_scale", "height", "width", "seed"),
  ...take("num_images_per_prompt", "max_sequence_length"),
  ...instructionSettings,
  ...binningSettings,
  max_timesteps: setting<number>(
    number(undefined, {
      exclusiveMinimum: 0,
      maximum: 1.5708,
      description: "Angle to begin at: 1.5708, a quarter turn, is pure noise.",
    }),
    1.5708,
  ),
  intermediate_timesteps: unsetSetting<number | null>({
    type: ["number", "null"],
    exclusiveMinimum: 0,
    maximum: 1.5708,
    description: "Angle at which the second of two steps begins; 1.3 when left out. null spaces the steps evenly.",
  }),
  ...take("timesteps", "image", "strength", "vae_tiling"),
};

export type SanaSprintSettings = SettingsOf<typeof sanaSprintSettings>;
