import { isDeepStrictEqual } from "node:util";
import {
  type ConfigInput,
  type OpenedRecipe,
  type OpenRecipeOptions,
  type Override,
  openRecipe,
  type Recipe,
  sourceText,
  validateConfig,
} from "@skipstep/core";
import { usage } from "./errors";
import type { GenerateOptions } from "./generate";
import { givenConfig } from "./given-config";
import { readRecipeFile } from "./recipe-file";
import { oneFile, settingOverrides } from "./setting-overrides";
import type { Terminal } from "./terminal";

/** What to generate from. */
export interface GenerateInput {
  readonly config: string | ConfigInput | OpenedRecipe;
  /** Of the image that is to be made again. */
  readonly recipe?: Recipe;
}

/**
 * The config, or the one in a recipe. With both, checkpoint and device are the config's, plugins are found from its
 * folder, and all else is the recipe's. What only the recipe names is asked about first.
 * @throws SKIPSTEP_USAGE when there is neither, what `openRecipe` throws
 */
export async function readInput(
  config: string | undefined,
  options: GenerateOptions,
  terminal: Terminal,
): Promise<GenerateInput> {
  const { recipe: image, cache } = options;
  const given = config === undefined ? undefined : givenConfig(config);
  if (image === undefined) {
    if (!given) throw usage("Give a config or a model, or --recipe with an image to make again.");
    return { config: given.input };
  }
  const recipe = readRecipeFile(image);
  const plain = { ...recipe, config: { ...recipe.config, generate: plainTexts(recipe.config.generate) } };
  const own = given && (await validateConfig(given.input));
  const opened = await openRecipe(plain, {
    overrides: overridesOf(options),
    allow: allowing(options, terminal),
    ...(own ? { config: own } : {}),
    ...(cache === undefined ? {} : { cacheDir: cache }),
  });
  return { config: opened, recipe };
}

/** Everything with `--trust`, what is said yes to on a terminal, and nothing elsewhere. */
function allowing({ trust }: GenerateOptions, terminal: Terminal): NonNullable<OpenRecipeOptions["allow"]> {
  if (trust) return true;
  if (!terminal.canAsk) return [];
  return (sources) =>
    terminal.confirm(["The recipe reads:", ...sources.map((source) => `  ${sourceText(source)}`)], "Allow that?");
}

/** Prompts as a person would write them, so that they go with another `--prompt`: none where it is the default anyway. */
function plainTexts<Generate extends object>(generate: Generate): Generate {
  const settings = generate as Readonly<Record<string, unknown>>;
  const isDefault = (key: string): boolean =>
    /prompt_[23]$/.test(key) && isDeepStrictEqual(settings[key], settings[key.replace(/_[23]$/, "")]);
  const kept = Object.entries(settings).filter(([key]) => !isDefault(key));
  const plain = kept.map(([key, value]) => [key, key.startsWith("negative") ? oneOf(value) : value]);
  return Object.fromEntries(plain) as Generate;
}

/** Equal texts as one, which goes with any number of prompts. */
function oneOf(texts: unknown): unknown {
  return Array.isArray(texts) && texts.length > 0 && texts.every((text) => text === texts[0]) ? texts[0] : texts;
}

/** What the options say over the config: settings of all commands, and those of one generation. */
export function overridesOf(options: GenerateOptions): (string | Override)[] {
  const { prompt, promptWeighting, longPrompts, seed, images, controlnet = [], controlImage, lora } = options;
  const classes = options.class?.map((label) => (/^\d+$/.test(label) ? Number(label) : label));
  const named = [
    { name: "--prompt", path: ["generate", "prompt"], value: prompt },
    { name: "--class", path: ["generate", "class_labels"], value: classes },
    { name: "--images", path: ["generate", "num_images_per_prompt"], value: images },
    { name: "--prompt-weighting", path: ["generate", "prompt_weighting"], value: promptWeighting },
    { name: "--long-prompts", path: ["generate", "long_prompts"], value: longPrompts },
    { name: "--seed", path: ["generate", "seed"], value: seed },
    ...controlnet.map((value, i) => ({
      name: "--controlnet",
      path: ["components", i === 0 ? "controlnet" : `controlnet_${i}`],
      value,
    })),
    { name: "--control-image", path: ["generate", "control_image"], value: oneFile(controlImage) },
    { name: "--lora", path: ["generate", "loras"], value: lora?.map(loraOf) },
  ];
  return [...settingOverrides(options), ...named.filter(({ value }) => value !== undefined)];
}

/** `ink.safetensors:0.8`; a colon with no number behind it is a part of the path. */
function loraOf(text: string): string | { readonly path: string; readonly scale: number } {
  const [, name = "", scale] = /^(.+):(-?(?:\d+\.?\d*|\.\d+)(?:e[-+]?\d+)?)$/i.exec(text) ?? [];
  return scale === undefined ? text : { path: name, scale: Number(scale) };
}
