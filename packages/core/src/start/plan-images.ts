import type { GenerateConfig, SchedulerConfig } from "../config/config";
import { checkPictures } from "../image/check-pictures";
import { picturesOf } from "../image/picture";
import { checkRequest } from "../loop/check-request";
import { imagesSetting, type Subject } from "../loop/family";
import { memoryNeed } from "../loop/memory-need";
import { fillSettings, resolveSettings } from "../loop/request";
import { seenSettings } from "../loop/seen-settings";
import { imageCount, type Settings } from "../loop/settings";
import { pictureSettingNames } from "../settings/common-settings";
import type { CheckedConfig } from "./create-pipeline";
import { chooseScheduler } from "./scheduler-choice";

/** The images that a generation is going to make. */
export interface ImagePlan {
  /** The config's or the request's; drawn where neither has one. */
  readonly seed: number;
  /** One after the other, `num_images_per_prompt` images each. Empty for models that take no prompt. */
  readonly prompts: readonly string[];
  readonly count: number;
  /** Pixels. */
  readonly width: number;
  readonly height: number;
}

/**
 * What `generate` will make of a checked config, before anything is compiled.
 * @throws SKIPSTEP_REQUEST_INVALID with everything that keeps it from being made
 */
export function planImages({ config, model }: CheckedConfig, request: GenerateConfig = {}): ImagePlan {
  checkRequest(request);
  return planOf(resolveSettings(model, config.generate, request, {}, config));
}

/**
 * The same with the images that the generation reads: they are read to the end, and their sizes count.
 * @throws SKIPSTEP_REQUEST_INVALID, SKIPSTEP_IMAGE_UNREADABLE, SKIPSTEP_MASK_EMPTY; for a scheduler what
 *   `chooseScheduler` throws
 */
export async function planFromPictures(
  { config, model }: CheckedConfig,
  { scheduler, ...request }: GenerateConfig & { readonly scheduler?: SchedulerConfig | undefined } = {},
): Promise<ImagePlan> {
  checkRequest(request);
  if (scheduler) chooseScheduler(model, scheduler);
  const settings = await seenSettings(model, config.generate, request, {}, config);
  const images = pictureSettingNames.flatMap((name) => picturesOf(settings[name]));
  await checkPictures(images, settings.padding_mask_crop === undefined ? undefined : settings.mask);
  return planOf(settings);
}

function planOf(settings: Settings): ImagePlan {
  const { seed, prompt, width, height } = settings;
  return { seed, prompts: prompt, count: imageCount(settings), width, height };
}

/**
 * What a generation of a checked config takes besides the weights, in bytes: the images, and the largest activations of
 * one component. An estimate from the configs alone, without what plugins change.
 */
export function estimateMemory({ config, model }: CheckedConfig): number {
  return memoryNeed(model, fillSettings(model, config.generate)).all;
}

/** What a config's model is to be told to draw; null for one that draws without. */
export function subjectOf({ model }: CheckedConfig): Subject | null {
  const { subject = { setting: "prompt", examples: usualPrompts } } = model.family;
  return subject;
}

/** The setting that says how many images to draw of each subject: `num_images_per_prompt` for most models. */
export function imagesSettingOf({ model }: CheckedConfig): string {
  return imagesSetting(model.family);
}

/** Things, a scene and a face: small shapes as well as large areas. */
const usualPrompts: readonly string[] = [
  "a red heart",
  "a cat looking out of a window",
  "a house by a lake in autumn",
  "portrait of an old fisherman",
];
