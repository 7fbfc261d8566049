import { imageCount, type Settings, type SettingsOf } from "../../loop/settings";
import { number } from "../../schema/option";
import { setting } from "../../settings/setting";

/** Guidance away from a negative prompt with a second pass, of models whose `guidance_scale` is none. */
export const trueGuidanceSettings = {
  true_cfg_scale: setting<number>(
    number(undefined, {
      minimum: 0,
      description: "Guidance with a second pass, for models whose guidance_scale is an input. 1 is off.",
    }),
    1,
  ),
};

type TrueGuidance = Pick<SettingsOf<typeof trueGuidanceSettings>, "true_cfg_scale" | "has_negative_prompt">;

/** Whether a second pass guides away from the negative prompt. */
export function isGuided({ true_cfg_scale, has_negative_prompt }: TrueGuidance): boolean {
  return true_cfg_scale > 1 && has_negative_prompt;
}

/** Rows of the largest pass: an image each, or two with guidance in one batch; at least one. */
export function largestBatch(settings: Settings & TrueGuidance): number {
  return Math.max(1, imageCount(settings)) * (isGuided(settings) ? 2 : 1);
}

/** Lines of a report that tell of guidance which was asked for in part. */
export function trueGuidanceUnused({ true_cfg_scale: scale, has_negative_prompt }: TrueGuidance): string[] {
  if (has_negative_prompt && scale <= 1)
    return [`The negative prompt had no effect: it is followed when true_cfg_scale is above 1, and it is ${scale}.`];
  if (has_negative_prompt || scale <= 1) return [];
  return [
    `true_cfg_scale ${scale} had no effect: it guides away from a negative_prompt, and none was given. An empty one will do.`,
  ];
}
