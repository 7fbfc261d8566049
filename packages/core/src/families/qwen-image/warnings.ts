import type { QwenImageSettings } from "./settings";

/** A line of a report that tells of guidance which no model of this family has. */
export function guidanceScaleUnused({ guidance_scale: scale }: QwenImageSettings): string[] {
  if (scale === 1) return [];
  return [
    `guidance_scale ${scale} had no effect: this model is guided by true_cfg_scale, away from a negative_prompt.`,
  ];
}
