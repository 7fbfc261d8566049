import type { Floats } from "../tensor";

/** One generation's settings; names as in diffusers. */
export interface Settings {
  readonly prompt: readonly string[];
  readonly negative_prompt: readonly string[];
  readonly num_inference_steps: number;
  readonly guidance_scale: number;
  readonly height: number;
  readonly width: number;
  readonly seed: number;
  readonly num_images_per_prompt: number;
  readonly max_sequence_length: number;
  /** Noise levels instead of the scheduler's own. */
  readonly sigmas?: readonly number[];
  /** Rescales guided predictions that grew longer than this times the unguided one; 0 is off. */
  readonly cfg_normalization: number;
  /** No guidance beyond this share of the way from noise to image. */
  readonly cfg_truncation: number;
  /** Starting noise instead of the seed's, `[B, C, H, W]`. */
  readonly latents?: Floats;
}

/** Settings that a family fills in where neither config nor request says anything. */
export type SettingDefaults = Pick<
  Settings,
  | "num_inference_steps"
  | "guidance_scale"
  | "height"
  | "width"
  | "max_sequence_length"
  | "cfg_normalization"
  | "cfg_truncation"
>;
