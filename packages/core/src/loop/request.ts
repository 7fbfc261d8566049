import { randomInt } from "node:crypto";
import type { GenerateConfig } from "../config/config";
import type { LimitChoice } from "../config/limits";
import { list } from "../errors/nearest";
import { requestInvalid } from "../errors/pipeline";
import { type Picture, type PictureSize, picturesOf } from "../image/picture";
import { toPointer } from "../schema/json";
import { validate } from "../schema/validate";
import { commonSettings, type PictureSetting, pictureSettingNames } from "../settings/common-settings";
import type { SettingTable } from "../settings/setting";
import type { Floats } from "../tensor";
import { controlProblems, missingControl } from "./control-problems";
import { type Family, imagesSetting, type SettingProblem } from "./family";
import { limitProblems, memoryProblems } from "./limits";
import type { RecognisedModel } from "./recognised-model";
import type { Settings } from "./settings";

/** What only a program can give. */
export interface RequestExtras {
  /** Starting noise `[B, C, H, W]` instead of the seed's, before the scheduler scales it. */
  readonly latents?: Floats;
  /** The image to begin with, or those to look at, in place of files. */
  readonly picture?: Picture | readonly Picture[];
  /** The mask in place of a file; of grey, or of colours that count as the grey that they look like. */
  readonly maskPicture?: Picture;
  /** What `image_reference` would have files of. */
  readonly referencePicture?: Picture | readonly Picture[];
  /** What ControlNets follow, one picture a net, in place of `control_image`. */
  readonly controlPicture?: Picture | readonly Picture[];
}

/** What a request may have in place of settings that are files. */
export const pictureExtras = {
  image: "picture",
  mask: "maskPicture",
  image_reference: "referencePicture",
  control_image: "controlPicture",
} as const satisfies Record<PictureSetting, keyof RequestExtras>;

/** A request's settings, and what of it only a program can give; without what is left out in so many words. */
export function splitRequest(request: GenerateConfig & RequestExtras): {
  readonly given: GenerateConfig;
  readonly inMemory: RequestExtras;
} {
  const keys: readonly string[] = ["latents", ...Object.values(pictureExtras)];
  const entries = Object.entries(request).filter(([, value]) => value !== undefined);
  return {
    given: Object.fromEntries(entries.filter(([key]) => !keys.includes(key))),
    inMemory: Object.fromEntries(entries.filter(([key]) => keys.includes(key))),
  };
}

/** Images of a generation by setting, from memory before files. */
export type GivenPictures = Partial<Pick<Settings, PictureSetting>>;

/** What a request's extras and the settings say of images. */
export function givenPictures(given: GenerateConfig, extras: RequestExtras): GivenPictures {
  const sources = pictureSettingNames.map((name) => [name, extras[pictureExtras[name]] ?? given[name]]);
  return Object.fromEntries(sources.filter(([, source]) => source !== undefined));
}

/** With what somebody looked at. */
export interface SettingExtras extends RequestExtras {
  /** As in `Settings`. */
  readonly pictures?: readonly PictureSize[];
}

/**
 * Settings of one generation: the family's defaults, over them the config's, over them the request's.
 * @throws SKIPSTEP_REQUEST_INVALID with everything that is wrong
 */
export function resolveSettings(
  model: RecognisedModel,
  config: GenerateConfig,
  request: GenerateConfig,
  extras: SettingExtras = {},
  choice: LimitChoice = {},
): Settings {
  checkSettings(model, request);
  const given = { ...config, ...request };
  const settings = fillSettings(model, given, extras);
  const found = [
    ...missingSubject(model.family, settings),
    ...missingPictures(model, settings),
    ...missingControl(model, settings),
    ...settingProblems(model, given, extras, choice),
  ];
  if (found.length > 0)
    throw requestInvalid(
      found.map(({ key, text }) => `${key} ${text}`),
      found.map(({ key }) => key),
    );
  return settings;
}

/** What the schema says of a request's settings. @throws SKIPSTEP_REQUEST_INVALID with everything that is wrong */
export function checkSettings({ settingsSchema }: RecognisedModel, request: GenerateConfig): void {
  // Settings have no defaults to fill in; what fills is compiled for the config already.
  const findings = validate(settingsSchema, { ...request }, [], true);
  if (findings.length > 0)
    throw requestInvalid(
      findings.map(({ path, text }) => `${toPointer(path).slice(1)}${text}`.trim().replace(/\.$/, "")),
      findings.flatMap(({ path: [name] }) => (typeof name === "string" ? [name] : [])),
    );
}

/** What is wrong with settings for a family: those that it does not take, and those that its model cannot follow. */
export function settingProblems(
  model: RecognisedModel,
  given: GenerateConfig,
  extras: SettingExtras = {},
  choice: LimitChoice = {},
): SettingProblem[] {
  const { family, configs } = model;
  const settings = fillSettings(model, given, extras);
  const beyond = limitProblems(model, settings, given, choice);
  if (beyond.length > 0) return beyond; // the rest may compute with their numbers
  const others = [
    ...untaken(model, given),
    ...contradictions(family, settings),
    ...pictureProblems(model, settings),
    ...controlProblems(model, settings),
    ...brokenSizes(family.sizeMultiple(configs), settings),
    ...family.problems(configs, settings),
  ];
  return others.length > 0 ? others : memoryProblems(model, settings, choice);
}

/** Fills in what is not given. A seed is drawn where there is none. */
export function fillSettings(
  { family, configs }: RecognisedModel,
  given: GenerateConfig,
  extras: SettingExtras = {},
): Settings {
  const { latents, pictures } = extras;
  const sources = givenPictures(given, extras);
  const defaults = family.defaults(configs, sources.image !== undefined, sources.mask !== undefined);
  const own = given.sigmas ?? given.timesteps;
  const table: SettingTable = { ...commonSettings, ...family.settings };
  const texts = textsOf(table, given);
  const { subject = { setting: "prompt" } } = family;
  const filled = { ...neutralValues(table), ...defaults, seed: given.seed ?? randomInt(2 ** 32), ...given, ...texts };
  const settings: Settings = {
    ...(filled as unknown as Settings),
    num_inference_steps: given.num_inference_steps ?? own?.length ?? defaults.num_inference_steps,
    has_negative_prompt: given.negative_prompt !== undefined,
    subjects: subject === null ? 1 : (filled[subject.setting as "prompt"]?.length ?? 0),
    num_images_per_prompt: filled[imagesSetting(family) as "num_images_per_prompt"] ?? 1,
    ...(latents ? { latents } : {}),
    ...sources,
    ...(pictures ? { pictures } : {}),
  };
  return { ...settings, ...family.settle?.(configs, settings) };
}

function neutralValues(table: SettingTable): Partial<Settings> {
  const known = Object.entries(table).filter(([, { neutral }]) => neutral !== undefined);
  return Object.fromEntries(known.map(([name, { neutral }]) => [name, neutral]));
}

/** Of all that are texts, one for each prompt. One that is left out, or empty, is the one that it follows. */
function textsOf(
  table: SettingTable,
  given: GenerateConfig,
): Pick<Settings, "prompt"> & Record<string, readonly string[]> {
  const prompt = listOf(given.prompt, 0);
  const texts = { prompt } as Pick<Settings, "prompt"> & Record<string, readonly string[]>;
  for (const [name, { follows }] of Object.entries(table)) {
    if (follows === undefined) continue;
    const said = given[name] as GenerateConfig["prompt"];
    const isLeftOut = said === undefined || said === "";
    texts[name] = isLeftOut ? (texts[follows] ?? listOf("", prompt.length)) : listOf(said, prompt.length);
  }
  return texts;
}

/** One text for each prompt; a single one stands for all. */
function listOf(text: GenerateConfig["prompt"], count: number): readonly string[] {
  const texts = [text ?? []].flat();
  return texts.length === 1 && count > 1 ? new Array<string>(count).fill(texts[0]!) : texts;
}

/** Settings of other families; what is no family's is told by the schema. */
function untaken({ family, settingsSchema }: RecognisedModel, given: GenerateConfig): SettingProblem[] {
  const { className, settings } = family;
  return Object.keys(settingsSchema.properties ?? {})
    .filter((key) => given[key] !== undefined && !Object.hasOwn(settings, key))
    .map((key) => ({ key, text: `is not for ${className}, which takes: ${list(Object.keys(settings))}` }));
}

function contradictions(family: Family, settings: Settings): SettingProblem[] {
  const { prompt, num_inference_steps: steps, sigmas, timesteps, strength } = settings;
  const problems: SettingProblem[] = [];
  const texts = Object.entries({ ...commonSettings, ...family.settings }).filter(
    ([, { follows }]) => follows !== undefined,
  );
  for (const [key] of texts) {
    const { length } = settings[key] as readonly string[];
    if (prompt.length > 0 && length !== prompt.length)
      problems.push({ key, text: `must be one text or one for each of ${prompt.length} prompts, found ${length}` });
  }
  for (const [key, values] of Object.entries({ sigmas, timesteps }))
    if (values && values.length !== steps)
      problems.push({
        key,
        text: `has ${values.length} entries for num_inference_steps ${steps}. Give one for each step`,
      });
  const left = family.firstStep ? steps - family.firstStep(settings) : Math.floor(strength * steps + 1e-9);
  if (left < 1)
    problems.push({ key: "strength", text: `${strength} leaves none of ${steps} steps. Give more of either` });
  if (sigmas && timesteps) problems.push({ key: "timesteps", text: "and sigmas do not go together. Give one of them" });
  return problems;
}

/** Of `image`: more than are begun with or looked at, and those that are not fit to be looked at. */
function pictureProblems(
  { family, configs }: RecognisedModel,
  { image, mask, image_reference: others, pictures = [] }: Settings,
): SettingProblem[] {
  const { className, references, settings } = family;
  const { length } = picturesOf(image);
  const inpaints = mask !== undefined;
  const most = references?.most ?? 1;
  if (inpaints) {
    const besides = Object.hasOwn(settings, "image_reference") ? `; others are image_reference` : "";
    if (length > 1) return [{ key: "image", text: `must be one image, which is inpainted, found ${length}${besides}` }];
    const beside = picturesOf(others).length;
    if (references && beside > most - 1)
      return [{ key: "image_reference", text: `must be at most ${most - 1} images, found ${beside}` }];
  }
  if (length > most) {
    const allowed = references ? `at most ${most} images` : `one image, which a ${className} begins with`;
    return [{ key: "image", text: `must be ${allowed}, found ${length}` }];
  }
  return pictures.flatMap((picture, i): SettingProblem[] => {
    const text = references?.problem(picture, configs, inpaints);
    const [first, count] = inpaints && i > 0 ? [1, pictures.length - 1] : [0, inpaints ? 1 : pictures.length];
    const which = count > 1 ? `${i + 1 - first} of ${count} ` : "";
    return text === undefined
      ? []
      : [{ key: inpaints && i > 0 ? "image_reference" : "image", text: `${which}${text}` }];
  });
}

/** Sides that are no multiple of so many pixels. */
export function brokenSizes(multiple: number, { height, width }: Pick<Settings, "height" | "width">): SettingProblem[] {
  return Object.entries({ height, width }).flatMap(([key, side]): SettingProblem[] => {
    const nearest = Math.max(1, Math.round(side / multiple)) * multiple;
    if (side % multiple === 0) return [];
    return [{ key, text: `must be a multiple of ${multiple}, found ${side}; nearest: ${nearest}` }];
  });
}

/** Images that others are of no use without. */
function missingPictures(
  { family, configs }: RecognisedModel,
  { image, mask, padding_mask_crop: padding, image_reference: others }: Settings,
): SettingProblem[] {
  const { settings } = family;
  const needs = (key: string, what: string): SettingProblem[] => [
    { key, text: `is needed, here or in the config: ${what}` },
  ];
  if (!Object.hasOwn(settings, "mask")) return [];
  if (mask !== undefined) return image === undefined ? needs("image", "the one that the mask is of") : [];
  if (family.needsMask?.(configs)) return needs("mask", "this model was trained to inpaint");
  if (padding !== undefined) return needs("mask", "padding_mask_crop cuts out what it shows");
  return others === undefined
    ? []
    : needs("mask", "image_reference is for inpainting. Without a mask, give all images as image");
}

function missingSubject({ subject }: Family, { subjects }: Settings): SettingProblem[] {
  if (subjects > 0 || subject === null) return [];
  const { setting } = subject ?? { setting: "prompt" };
  return [{ key: setting, text: `${setting.endsWith("s") ? "are" : "is"} needed, here or in the config` }];
}
