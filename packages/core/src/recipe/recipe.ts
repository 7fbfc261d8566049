import { recipeMissing } from "../errors/pipeline";
import { readImageText } from "../image/image-text";
import type { PluginReport } from "../report/report";
import { isObject } from "../schema/json";
import { parseJson } from "../schema/parse-json";
import { parametersLine } from "./parameters-line";
import { type RecipeConfig, readRecipeConfig } from "./recipe-config";
import { recipeProblem } from "./recipe-schema";

/**
 * How an image was made: all that making it again takes, and nothing that differs from run to run or that only the
 * machine knows. Whoever reads one from a file reads what a stranger wrote: `openRecipe` makes a config of it.
 */
export interface Recipe {
  /** Version of this format. The first one had paths, and what plugins said of their seconds. */
  readonly recipe: 1 | 2;
  /** Every setting of the generation is in `generate`, the seed included. */
  readonly config: RecipeConfig;
  /** 0-based place of the image in its generation's batch. */
  readonly image: number;
  /** `@skipstep/core`, `onnxruntime-node`, `node`, and plugins by package name. */
  readonly versions: Readonly<Record<string, string>>;
  /** Hash of each component's weights, LoRAs merged. */
  readonly weights: Readonly<Record<string, string>>;
  /** What each plugin did. */
  readonly plugins: readonly RecipePlugin[];
  /** What a program gave from its memory, so that the recipe alone does not make the image again. */
  readonly missing?: readonly ("latents" | "picture" | "maskPicture" | "referencePicture" | "controlPicture")[];
}

/** Reused steps and recorded numbers by region. */
export interface RecipePlugin {
  readonly name: string;
  readonly regions: readonly Pick<PluginReport["regions"][number], "name" | "from" | "to" | "reused" | "numbers">[];
}

const keyword = "skipstep";

/** A recipe as the texts of an image file: ours, and the line that other programs read. */
export function recipeText(recipe: Recipe): Record<string, string> {
  return { parameters: parametersLine(recipe), [keyword]: JSON.stringify(sorted(recipe)) };
}

/** With keys in one order, whatever order a config has them in: equal images are equal files. */
function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (!isObject(value)) return value;
  const keys = Object.keys(value).sort();
  return Object.fromEntries(keys.map((key) => [key, sorted(value[key])]));
}

/**
 * The recipe in a PNG, JPEG or WebP file. Paths in one of version 1, or in one that others wrote, stand as files in it.
 * @param name of the file, for errors
 * @throws SKIPSTEP_RECIPE_MISSING
 */
export function readRecipe(file: Uint8Array, name: string): Recipe {
  const texts = readImageText(file);
  if (!texts) throw recipeMissing(name, "is no PNG, JPEG or WebP file, or is cut off");
  const text = texts[keyword];
  if (text === undefined) throw recipeMissing(name, "carries no recipe");
  const recipe = parsed(text);
  const read =
    isObject(recipe) && isObject(recipe.config) ? { ...recipe, config: readRecipeConfig(recipe.config) } : recipe;
  const problem = recipeProblem(read);
  if (problem !== undefined) throw recipeMissing(name, problem);
  return read as unknown as Recipe;
}

function parsed(text: string): unknown {
  try {
    return parseJson(text);
  } catch {
    return undefined; // told as a recipe that is not readable
  }
}
