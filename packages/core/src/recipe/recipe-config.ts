import { basename, posix, win32 } from "node:path";
import type { Config, PluginConfig } from "../config/config";
import type { PluginOptionValues } from "../plugins/plugin";
import { isPlainPackageName } from "../plugins/resolve";
import { isObject, type JsonObject } from "../schema/json";
import { type CommonInputs, type PictureSetting, pictureSettings } from "../settings/common-settings";
import type { LoraConfig } from "../weights/lora/lora";
import type { TextualInversionConfig } from "../weights/textual-inversion/textual-inversion";
import { asRecipeFile, type RecipeFile } from "./recipe-file";

/** Keys of a config whose entries have a path. */
export const fileLists = ["lora", "textual_inversions"] as const;
export type FileList = (typeof fileLists)[number];

/** A config without anything that only this machine knows. It is opened with `openRecipe`. */
export interface RecipeConfig
  extends Omit<Config, "model" | "queue" | "components" | FileList | "generate" | "plugins"> {
  readonly model: RecipeFile;
  readonly components?: Readonly<Record<string, RecipeFile>>;
  readonly lora?: readonly RecipeLora[];
  readonly textual_inversions?: readonly (Omit<TextualInversionConfig, "path"> & { readonly path: RecipeFile })[];
  readonly generate: Omit<CommonInputs, PictureSetting | "loras"> &
    RecipePictures & { readonly loras?: readonly RecipeLora[]; readonly [own: string]: unknown };
  /** `use` is a package's name; a plugin that a config named by path is a file here. */
  readonly plugins: readonly (Omit<PluginConfig, "use"> & { readonly use: string | RecipeFile })[];
}

/** Files in place of images' paths. */
type RecipePictures = { readonly [Name in PictureSetting]?: RecipeFile | readonly RecipeFile[] };

/** A LoRA, merged or beside the weights. */
export type RecipeLora = Omit<LoraConfig, "path"> & { readonly path: RecipeFile };

/** What stands for the paths of a config. */
export interface RecipePlaces {
  readonly model: RecipeFile;
  readonly components: Readonly<Record<string, RecipeFile>>;
  /** As many as the config has. */
  readonly lists: Readonly<Record<FileList, readonly RecipeFile[]>>;
  readonly plugins: readonly (string | RecipeFile)[];
}

/** A checked config as a recipe has it. @param pictures by setting, in place of files' paths @param loras of the generation */
export function recipeConfig(
  config: Config,
  places: RecipePlaces,
  pictures: Partial<Readonly<Record<PictureSetting, readonly RecipeFile[]>>>,
  loras?: readonly RecipeLora[],
): RecipeConfig {
  const { queue: _waiting, ...taken } = config; // whose address and password are nobody's business
  const { components, generate, plugins } = taken;
  const isFile = (name: string): boolean => Object.hasOwn(pictureSettings, name) || name === "loras";
  const settings = Object.entries(generate).filter(([name]) => !isFile(name));
  const files = mapValues(pictures, (noted) => (Array.isArray(noted) && noted.length === 1 ? noted[0] : noted));
  const listed = fileLists.flatMap((key) => {
    const entries = config[key]?.map((entry, i) => ({ ...entry, path: places.lists[key][i]! }));
    return entries ? [[key, entries]] : [];
  });
  return {
    ...taken,
    model: places.model,
    ...(components ? { components: places.components } : {}),
    ...Object.fromEntries(listed),
    generate: { ...Object.fromEntries(settings), ...files, ...(loras ? { loras } : {}) },
    plugins: plugins.map((entry, i) => ({
      ...entry,
      use: places.plugins[i]!,
      options: withoutPaths(entry.options) as PluginOptionValues,
    })),
  } as RecipeConfig;
}

/** A recipe's config as it was read, with files in place of all paths, so that nothing takes it for a config. */
export function readRecipeConfig(config: JsonObject): JsonObject {
  const { model, components, generate, plugins } = config;
  const listed = fileLists.flatMap((key) => {
    const entries = config[key];
    return Array.isArray(entries) ? [[key, entries.map(readEntry)]] : [];
  });
  return {
    ...config,
    ...(model === undefined ? {} : { model: asRecipeFile(model) }),
    ...(isObject(components) ? { components: mapValues(components, asRecipeFile) } : {}),
    ...Object.fromEntries(listed),
    ...(isObject(generate) ? { generate: readGenerate(generate) } : {}),
    ...(Array.isArray(plugins) ? { plugins: plugins.map(readPlugin) } : {}),
  };
}

function readGenerate(generate: JsonObject): JsonObject {
  const read = (value: unknown): unknown => (Array.isArray(value) ? value.map(asRecipeFile) : asRecipeFile(value));
  const named = Object.entries(generate).map(([name, value]) => {
    if (name === "loras" && Array.isArray(value)) return [name, value.map(readEntry)];
    return [name, Object.hasOwn(pictureSettings, name) && value !== undefined ? read(value) : value];
  });
  return Object.fromEntries(named);
}

function readEntry(entry: unknown): unknown {
  if (typeof entry === "string") return { path: asRecipeFile(entry) };
  return isObject(entry) && Object.hasOwn(entry, "path") ? { ...entry, path: asRecipeFile(entry.path) } : entry;
}

/** Whatever is no package's name is a path, and is refused when the recipe is opened. */
function readPlugin(entry: unknown): unknown {
  const plugin = typeof entry === "string" ? { use: entry } : entry;
  if (!isObject(plugin) || typeof plugin.use !== "string" || isPlainPackageName(plugin.use)) return plugin;
  return { ...plugin, use: { name: basename(plugin.use), path: plugin.use } };
}

/** Whether text in a plugin's options leads to a file by itself. */
export function isFilePath(text: string): boolean {
  const plain = text.trim();
  return (
    posix.isAbsolute(plain) ||
    win32.isAbsolute(plain) ||
    /^(file:|[a-z][a-z\d+.-]*:\/\/|~[\w.-]*[\\/]|\.[\\/])/i.test(plain) ||
    plain.split(/[\\/]/).includes("..")
  );
}

/** The last part in place of each path. */
function withoutPaths(value: unknown): unknown {
  if (typeof value === "string") return isFilePath(value) ? basename(value) : value;
  if (Array.isArray(value)) return value.map(withoutPaths);
  return isObject(value) ? mapValues(value, withoutPaths) : value;
}

function mapValues(values: JsonObject, change: (value: unknown) => unknown): JsonObject {
  return Object.fromEntries(Object.entries(values).map(([key, value]) => [key, change(value)]));
}
