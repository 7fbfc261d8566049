import type { PictureSize } from "../image/picture";
import type { CommonValues } from "../settings/common-settings";
import type { SettingTable, SettingValues } from "../settings/setting";
import type { Floats } from "../tensor";

/** One generation's settings; names as in diffusers. A common one that a family does not take has its neutral value. */
export interface Settings extends CommonValues {
  /** Whether a negative prompt was given: to some models none is not the same as an empty one. */
  readonly has_negative_prompt: boolean;
  /** Prompts, or what else the family draws; each makes `num_images_per_prompt` images. */
  readonly subjects: number;
  /** Sizes of the images to look at, where somebody looked; for families with `references`. */
  readonly pictures?: readonly PictureSize[];
  /** Lines for the report on what settings came to that only asked. */
  readonly remarks?: readonly string[];
  /** Starting noise instead of the seed's, `[B, C, H, W]`. */
  readonly latents?: Floats;
  /** The family's own; `SettingValues` of its table has their types. */
  readonly [own: string]: unknown;
}

/** Settings that a family fills in where neither config nor request says anything. */
export type SettingDefaults = Pick<Settings, "num_inference_steps" | "height" | "width"> & Partial<Settings>;

/** Images of one generation. */
export function imageCount({ subjects, num_images_per_prompt }: Settings): number {
  return subjects * num_images_per_prompt;
}

/** With a family's own, typed. */
export type SettingsOf<Table extends SettingTable> = Settings & SettingValues<Table>;
