import { dirname } from "node:path";
import { isDeepStrictEqual } from "node:util";
import { type ConfigInput, type GenerateConfig, type Override, type Recipe, validateConfig } from "@skipstep/core";
import { usage } from "./errors";
import type { GenerateOptions } from "./generate";
import { readRecipeFile } from "./recipe-file";

/** What to generate from. */
export interface GenerateInput {
  readonly config: string | ConfigInput;
  /** Where paths and plugins of a config that is no file start from. */
  readonly folder?: string;
  /** Of the image that is to be made again. */
  readonly recipe?: Recipe;
}

/**
 * The config, or the one in a recipe. With both, checkpoint and device are the config's, plugins are found from its
 * folder, and all else is the recipe's.
 * @throws SKIPSTEP_USAGE when there is neither
 */
export async function readInput(config: string | undefined, image: string | undefined): Promise<GenerateInput> {
  if (image === undefined) {
    if (config === undefined) throw usage("Give a config, or --recipe with an image to make again.");
    return { config };
  }
  const recipe = readRecipeFile(image);
  const own = { ...recipe.config, generate: plainTexts(recipe.config.generate) };
  if (config === undefined) return { config: own, recipe };
  const { model, variant, device } = (await validateConfig(config)).config;
  const { variant: _, ...rest } = own;
  const here = { ...rest, model, device, ...(variant === undefined ? {} : { variant }) };
  return { config: here, folder: dirname(config), recipe };
}

/** Prompts as a person would write them, so that they go with another `--prompt`: none where it is the default anyway. */
function plainTexts(generate: GenerateConfig): GenerateConfig {
  const settings = generate as Readonly<Record<string, unknown>>;
  const isDefault = (key: string): boolean =>
    /prompt_[23]$/.test(key) && isDeepStrictEqual(settings[key], settings[key.replace(/_[23]$/, "")]);
  const kept = Object.entries(settings).filter(([key]) => !isDefault(key));
  return Object.fromEntries(kept.map(([key, value]) => [key, key.startsWith("negative") ? oneOf(value) : value]));
}

/** Equal texts as one, which goes with any number of prompts. */
function oneOf(texts: unknown): unknown {
  return Array.isArray(texts) && texts.length > 0 && texts.every((text) => text === texts[0]) ? texts[0] : texts;
}

/** What the options say over the config; `--set` first, as the others are more exact. */
export function overridesOf(options: GenerateOptions): (string | Override)[] {
  const { set = [], prompt, negativePrompt, seed, strict } = options;
  const named = [
    { name: "--prompt", path: ["generate", "prompt"], value: prompt },
    { name: "--negative-prompt", path: ["generate", "negative_prompt"], value: negativePrompt },
    { name: "--seed", path: ["generate", "seed"], value: seed },
    { name: "--strict", path: ["strict"], value: strict },
  ];
  return [...set, ...named.filter(({ value }) => value !== undefined)];
}
