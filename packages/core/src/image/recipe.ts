import { basename } from "node:path";
import type { Config } from "../config/config";
import { isObject } from "../config/json";
import { recipeMissing } from "../errors/pipeline";
import type { PluginReport } from "../pipelines/report";
import type { Settings } from "../pipelines/settings";
import { readText } from "./png-text";

/** How an image was made: all that making it again takes. */
export interface Recipe {
  /** Version of this format. */
  readonly recipe: 1;
  /** Every setting of the generation is in `generate`, the seed included. */
  readonly config: Config;
  /** 0-based place of the image in its generation's batch. */
  readonly image: number;
  /** `@skipstep/core`, `onnxruntime-node`, `node`, and plugins by package name. */
  readonly versions: Readonly<Record<string, string>>;
  /** Hash of each component's weights. */
  readonly weights: Readonly<Record<string, string>>;
  /** What each plugin did. */
  readonly plugins: readonly RecipePlugin[];
  /** What a program gave from its memory, so that the recipe alone does not make the image again. */
  readonly missing?: readonly ("latents" | "picture")[];
}

/** Reused steps and recorded numbers by region. */
export interface RecipePlugin {
  readonly name: string;
  readonly summary: string;
  readonly regions: readonly Pick<PluginReport["regions"][number], "name" | "from" | "to" | "reused" | "numbers">[];
}

const keyword = "skipstep";

/** A recipe as the texts of a PNG file: ours, and the line that other programs read. */
export function recipeText(recipe: Recipe): Record<string, string> {
  return { parameters: parametersLine(recipe), [keyword]: JSON.stringify(recipe) };
}

/**
 * The recipe in a PNG file.
 * @param name of the file, for errors
 * @throws SKIPSTEP_RECIPE_MISSING
 */
export function readRecipe(png: Uint8Array, name: string): Recipe {
  const texts = readText(png);
  if (!texts) throw recipeMissing(name, "is no PNG file, or is cut off");
  const text = texts[keyword];
  if (text === undefined) throw recipeMissing(name, "carries no recipe");
  const recipe = parsed(text);
  if (!isRecipe(recipe)) throw recipeMissing(name, "carries a recipe that this version does not read");
  return recipe;
}

/** Looks at what is needed to tell of it; the config in it is checked when it is used. */
function isRecipe(value: unknown): value is Recipe {
  return (
    isObject(value) &&
    value.recipe === 1 &&
    Number.isInteger(value.image) &&
    isObject(value.config) &&
    isObject(value.config.generate) &&
    Array.isArray(value.config.plugins) &&
    isObject(value.versions) &&
    isObject(value.weights) &&
    Array.isArray(value.plugins)
  );
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined; // told as a recipe that is not readable
  }
}

/** The lines that Stable Diffusion web UIs write and read. */
function parametersLine({ config, versions, image }: Recipe): string {
  // What a family does not take, or was not given, is not there.
  const { prompt = [], negative_prompt = [], ...settings } = config.generate as unknown as Settings;
  const at = Math.floor(image / settings.num_images_per_prompt);
  const negative = negative_prompt[at] ?? "";
  const facts = {
    Steps: settings.num_inference_steps,
    Sampler: config.scheduler?.type ?? "checkpoint",
    "CFG scale": settings.guidance_scale,
    Seed: settings.seed,
    Size: `${settings.width}x${settings.height}`,
    Model: basename(config.model),
    RNG: "CPU",
    Version: `skipstep ${versions["@skipstep/core"]}`,
  };
  const line = Object.entries(facts).map(([key, value]) => `${key}: ${value}`);
  return [prompt[at] ?? "", ...(negative === "" ? [] : [`Negative prompt: ${negative}`]), line.join(", ")].join("\n");
}
