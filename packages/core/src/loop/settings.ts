import type { Image } from "../image/image";
import type { Floats } from "../tensor";

/** An image in memory: `[height, width, 3]`, 0..1. */
export type Picture = Pick<Image, "width" | "height" | "values">;

/** One generation's settings; names as in diffusers. What a family does not take has its neutral value. */
export interface Settings {
  /** One a prompt; empty for models that take class labels. */
  readonly prompt: readonly string[];
  readonly prompt_2: readonly string[];
  readonly prompt_3: readonly string[];
  readonly negative_prompt: readonly string[];
  /** Whether one was given: to some models none is not the same as an empty one. */
  readonly has_negative_prompt: boolean;
  readonly negative_prompt_2: readonly string[];
  readonly negative_prompt_3: readonly string[];
  /** Numbers, or names where the checkpoint has some. */
  readonly class_labels: readonly (number | string)[];
  readonly num_inference_steps: number;
  readonly guidance_scale: number;
  readonly guidance_rescale: number;
  readonly true_cfg_scale: number;
  readonly cfg_normalization: number;
  readonly cfg_truncation: number;
  readonly clip_skip: number;
  readonly height: number;
  readonly width: number;
  readonly original_size?: readonly number[];
  readonly target_size?: readonly number[];
  readonly crops_coords_top_left: readonly number[];
  readonly seed: number;
  readonly num_images_per_prompt: number;
  readonly max_sequence_length: number;
  readonly clean_caption: boolean;
  readonly use_resolution_binning: boolean;
  readonly sigmas?: readonly number[];
  readonly timesteps?: readonly number[];
  readonly image?: string | Picture;
  readonly strength: number;
  readonly vae_tiling: boolean;
  /** Starting noise instead of the seed's, `[B, C, H, W]`. */
  readonly latents?: Floats;
}

/** Settings that a family fills in where neither config nor request says anything. */
export type SettingDefaults = Pick<Settings, "num_inference_steps" | "guidance_scale" | "height" | "width"> &
  Partial<Settings>;

/** What each setting is when it changes nothing. */
export const neutralSettings: Omit<
  Settings,
  keyof SettingDefaults & ("num_inference_steps" | "guidance_scale" | "height" | "width" | "seed")
> = {
  prompt: [],
  prompt_2: [],
  prompt_3: [],
  negative_prompt: [],
  has_negative_prompt: false,
  negative_prompt_2: [],
  negative_prompt_3: [],
  class_labels: [],
  guidance_rescale: 0,
  true_cfg_scale: 1,
  cfg_normalization: 0,
  cfg_truncation: 1,
  clip_skip: 0,
  crops_coords_top_left: [0, 0],
  num_images_per_prompt: 1,
  max_sequence_length: 512,
  clean_caption: false,
  use_resolution_binning: false,
  strength: 1,
  vae_tiling: false,
};

/** Images of one generation: `num_images_per_prompt` for each prompt or class. */
export function imageCount({ prompt, class_labels, num_images_per_prompt }: Settings): number {
  return Math.max(prompt.length, class_labels.length) * num_images_per_prompt;
}
