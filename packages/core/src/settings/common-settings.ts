import type { PictureSource } from "../image/picture";
import { flag, integer, list, number, text } from "../schema/option";
import type { RequestLora, RequestLoraInput } from "../weights/lora/lora";
import { neededSetting, type SettingInputs, type SettingValues, setting, textSetting, unsetSetting } from "./setting";

/** Their default is the model family's to say. */
const unset = undefined;

/** Settings that the loop itself goes by; names and meanings are diffusers'. No family takes all of them. */
export const commonSettings = {
  prompt: textSetting("What the image shows. A list makes a batch."),
  negative_prompt: textSetting("What the image must not show; one text, or one for each prompt.", ""),
  num_inference_steps: neededSetting<number>(integer(unset, { minimum: 1, description: "Denoising steps." })),
  guidance_scale: neededSetting<number>(
    number(unset, { minimum: 0, description: "How strongly the prompt is followed." }),
  ),
  height: neededSetting<number>(integer(unset, { minimum: 1, description: "Pixels." })),
  width: neededSetting<number>(integer(unset, { minimum: 1, description: "Pixels." })),
  seed: neededSetting<number>(
    integer(unset, {
      minimum: 0,
      maximum: Number.MAX_SAFE_INTEGER,
      description: "Start of the random numbers: the same seed gives the same image.",
    }),
  ),
  num_images_per_prompt: setting<number>(integer(unset, { minimum: 1, description: "Images for each prompt." }), 1),
  max_sequence_length: setting<number>(
    integer(unset, { minimum: 1, description: "Most tokens of a prompt, template included; the rest is cut." }),
    512,
  ),
  sigmas: unsetSetting<readonly number[]>(
    list(unset, number(unset, { minimum: 0 }), {
      minItems: 1,
      description: "Noise levels instead of the scheduler's own, noisiest first; one for each step.",
    }),
  ),
  timesteps: unsetSetting<readonly number[]>(
    list(unset, number(unset, { minimum: 0 }), {
      minItems: 1,
      description: "Timesteps instead of the scheduler's own, noisiest first; one for each step.",
    }),
  ),
  image: unsetSetting<string | readonly string[], PictureSource | readonly PictureSource[]>({
    ...list(unset, text(unset), {
      minItems: 1,
      description:
        "File of the image to begin with, or of one or several to look at, by family; relative to this file.",
    }),
    type: ["string", "array"],
    minLength: 1,
  }),
  strength: setting<number>(
    number(unset, {
      minimum: 0,
      maximum: 1,
      description: "How much of the image to begin with is redrawn. 1 redraws all of it.",
    }),
    1,
  ),
  loras: unsetSetting<readonly RequestLoraInput[], readonly RequestLora[]>({
    type: "array",
    maxItems: 100,
    description: "LoRAs of this generation, which run beside the weights: paths, or names of request_loras.",
    items: {
      type: ["string", "object"],
      minLength: 1,
      additionalProperties: false,
      properties: {
        path: text(unset, "A safetensors file, or a folder with one, relative to this file."),
        name: text(unset, "Its name in request_loras."),
        scale: number(unset, { description: "How much of the LoRA is added. 1 is all of it." }),
      },
    },
  }),
  vae_tiling: setting<boolean>(
    flag(unset, "Decode and encode large images in overlapping tiles: less memory, slightly different pixels."),
    false,
  ),
};

type Common = typeof commonSettings;

/** What configs and requests may say of them. */
export type CommonInputs = SettingInputs<Common>;

/** What they come to. */
export type CommonValues = SettingValues<Common>;

/** Some of them, for a family's `settings`. */
export function take<const Name extends keyof Common>(...names: readonly Name[]): Pick<Common, Name> {
  return Object.fromEntries(names.map((name) => [name, commonSettings[name]])) as Pick<Common, Name>;
}
