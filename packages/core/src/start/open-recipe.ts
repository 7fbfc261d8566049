import { dirname } from "node:path";
import type { ConfigInput } from "../config/config";
import { applyOverride, type Override, parseOverride } from "../config/overrides";
import { defaultCacheDir } from "../disk/cache-dir";
import { argumentInvalid } from "../errors/arguments";
import { recipeRefused, recipeUntrusted } from "../errors/recipe";
import { shown } from "../errors/shown";
import { installedPlugins } from "../plugins/installed";
import type { PluginClass } from "../plugins/plugin";
import { isAllowed, isOwn } from "../recipe/allow";
import { noteFile, noteParts } from "../recipe/note-places";
import type { Recipe } from "../recipe/recipe";
import { readRecipeConfig } from "../recipe/recipe-config";
import { ownPlugin } from "../recipe/recipe-plugins";
import { filesIn, locate, measured, type NamedFile, type RecipeSource, sourceText } from "../recipe/recipe-sources";
import { checkOptions } from "../schema/check-arguments";
import { isObject, type JsonObject, type JsonPath } from "../schema/json";
import { pictureSettingNames } from "../settings/common-settings";
import type { RequestLora } from "../weights/lora/lora";
import { findLoraFile } from "../weights/lora/lora-file";
import type { CheckedConfig } from "./create-pipeline";

/** What a recipe is allowed, and what stands in for parts of it. */
export interface OpenRecipeOptions {
  /**
   * What the recipe may read: files, folders with all below them, and names on the hub; everything with true; or who is
   * asked, once. Nothing when left out.
   */
  readonly allow?: true | readonly string[] | ((sources: readonly RecipeSource[]) => boolean | Promise<boolean>);
  /** The user's own: its checkpoint and device take the place of the recipe's, and what it reads is allowed. */
  readonly config?: CheckedConfig;
  /** As `validateConfig` will be given them: nothing is asked about what they replace. */
  readonly overrides?: readonly (string | Override)[];
  /** Plugins that a recipe may mean by the names in their manifests, besides installed packages. */
  readonly classes?: readonly PluginClass[];
  /** Where plugins are looked for and paths begin; the config's folder, else the working directory when left out. */
  readonly folder?: string;
  /** Where it is known which files lie where; `SKIPSTEP_CACHE` or the user's cache folder when left out. */
  readonly cacheDir?: string;
  readonly signal?: AbortSignal;
}

/** A recipe that was allowed, for `validateConfig` and `createPipeline`. Made by `openRecipe` only. */
export interface OpenedRecipe {
  readonly config: ConfigInput;
  /** Where paths and plugins start from. */
  readonly folder: string;
  /** What is read on the recipe's word alone: paths and names on the hub. No token goes with them. */
  readonly named: readonly string[];
}

/** Sources whose size the hub is asked for: a recipe may name thousands. */
const mostAsked = 16;

const opened = new WeakSet<object>();

export function isOpenedRecipe(input: unknown): input is OpenedRecipe {
  return typeof input === "object" && input !== null && opened.has(input);
}

/**
 * Makes a config of a recipe, which is data: it loads no code but installed plugins, and reads and fetches nothing but
 * what is allowed.
 *
 * @throws SKIPSTEP_RECIPE_REFUSED for what no recipe may have, SKIPSTEP_RECIPE_UNTRUSTED with everything that was not
 *   allowed, SKIPSTEP_RECIPE_FILE for files that are not known here, SKIPSTEP_PLUGIN_UNKNOWN, SKIPSTEP_HUB_NAME
 */
export async function openRecipe(recipe: Recipe, options: OpenRecipeOptions = {}): Promise<OpenedRecipe> {
  checkOptions("openRecipe", options);
  if (!isObject(recipe) || !isObject(recipe.config))
    throw argumentInvalid("openRecipe", [`the recipe must be what readRecipe gave, found ${shown(recipe)}`]);
  const { config: own, cacheDir = defaultCacheDir(), overrides = [], classes = [], signal } = options;
  const folder = options.folder ?? (own?.file === undefined ? process.cwd() : dirname(own.file));
  const config = plainConfig(recipe, own);
  const isReplaced = replacing(overrides);
  if (isReplaced(["plugins"])) config.plugins = [];
  if (Array.isArray(config.plugins) && config.plugins.length > 0) {
    const surroundings = { folder, installed: installedPlugins(folder), cacheDir, own, classes };
    config.plugins = config.plugins.map((entry: unknown, i) =>
      ownPlugin(withoutReplaced(entry, ["plugins", i], isReplaced), i, surroundings),
    );
  }
  const files = filesIn(config).filter(({ at }) => !isReplaced(at));
  const ownPlaces = own ? placesOf(own, files, cacheDir) : [];
  const sources = files.map((file) => ({ ...file, source: locate(file, folder, cacheDir) }));
  const foreign = sources.filter(({ source }) => !isOwn(source, ownPlaces)).map(({ source }) => source);
  await checkAllowed(foreign, config.variant, options.allow ?? [], signal);
  const given = own ? { model: own.config.model, device: own.config.device } : {};
  for (const { at, source } of sources)
    applyOverride(config, { path: at.map(String), value: source.path ?? source.hub });
  const result: OpenedRecipe = {
    config: { ...(config as ConfigInput), ...given },
    folder,
    named: foreign.flatMap(({ path, hub }) => path ?? hub ?? []),
  };
  opened.add(result);
  return result;
}

/** A copy of the recipe's config, down to the files that it names, with the user's own checkpoint where he gave one. */
function plainConfig(recipe: Recipe, own: CheckedConfig | undefined): JsonObject {
  // Again, as whoever parsed a recipe himself has texts in it where files are meant.
  const config = readRecipeConfig(recipe.config as unknown as JsonObject);
  // A stranger does not say what this machine can bear, nor how its devices are driven.
  const {
    $schema: _,
    limits: _limits,
    request_loras: _allowed,
    provider_options: _driven,
    queue: _waiting,
    ...plain
  } = config;
  if (Object.hasOwn(plain, "extends")) throw recipeRefused('"extends"', "a recipe is whole, and reads no configs");
  if (!own) return plain;
  const { model: _model, device: _device, variant: _variant, ...rest } = plain;
  const { variant, limits, provider_options } = own.config;
  return {
    ...rest,
    ...(variant === undefined ? {} : { variant }),
    ...(limits ? { limits } : {}),
    ...(provider_options ? { provider_options } : {}),
  };
}

/** Whether a value stands at or below what an override sets. */
function replacing(overrides: readonly (string | Override)[]): (at: JsonPath) => boolean {
  const parsed = overrides.map((given) => (typeof given === "string" ? parseOverride(given) : given));
  return (at) => parsed.some((override) => override?.path.every((key, i) => key === String(at[i])));
}

/** What was not looked at goes no further, should the overrides be forgotten later. */
function withoutReplaced(entry: unknown, at: JsonPath, isReplaced: (at: JsonPath) => boolean): unknown {
  if (!isObject(entry)) return entry;
  return Object.fromEntries(Object.entries(entry).filter(([key]) => !isReplaced([...at, key])));
}

/** What the user's config reads. Where the recipe knows a file by its content, it is found by that from now on. */
function placesOf(own: CheckedConfig, files: readonly NamedFile[], cacheDir: string): string[] {
  const { model, components = {}, lora = [], textual_inversions = [], request_loras = {}, generate } = own.config;
  const images = pictureSettingNames.flatMap((name) => generate[name] ?? []);
  const beside = [
    ...Object.values(request_loras),
    ...((generate.loras ?? []) as readonly RequestLora[]).map(({ path }) => path),
  ];
  if (files.some(({ file }) => file.sha256 !== undefined && file.hub === undefined)) {
    const { checkpoint, family } = own.model;
    noteParts({ ...own, checkpoint, running: new Set(Object.keys(family.components)) }, cacheDir);
    for (const image of images) noteFile(cacheDir, image);
    for (const path of beside) noteFile(cacheDir, path, () => findLoraFile(path));
  }
  const listed = [...lora, ...textual_inversions].map(({ path }) => path);
  return [model, ...Object.values(components), ...listed, ...beside, ...images];
}

async function checkAllowed(
  sources: readonly RecipeSource[],
  variant: unknown,
  allow: NonNullable<OpenRecipeOptions["allow"]>,
  signal: AbortSignal | undefined,
): Promise<void> {
  if (allow === true) return;
  const list = Array.isArray(allow) ? allow.filter((entry) => typeof entry === "string") : [];
  const left = typeof allow === "function" ? sources : sources.filter((source) => !isAllowed(source, list));
  if (left.length === 0) return;
  const told = await Promise.all(left.map((source, i) => (i < mostAsked ? measured(source, variant, signal) : source)));
  if (typeof allow === "function" && (await allow(told)) === true) return; // "no" is no yes
  throw recipeUntrusted(told.map(sourceText));
}
