import { basename, posix, win32 } from "node:path";
import type { Config, PluginConfig } from "../config/config";
import type { PluginOptionValues } from "../plugins/plugin";
import { isPlainPackageName } from "../plugins/resolve";
import { isObject, type JsonObject } from "../schema/json";
import { type CommonInputs, type PictureSetting, pictureSettingNames } from "../settings/common-settings";
import type { LoraConfig } from "../weights/lora/lora";
import type { TextualInversionConfig } from "../weights/textual-inversion/textual-inversion";
import { asRecipeFile, type RecipeFile } from "./recipe-file";

/** Keys of a config whose entries have a path. */
export const fileLists = ["lora", "textual_inversions"] as const;
export type FileList = (typeof fileLists)[number];

/** A config without anything that only this machine knows. It is opened with `openRecipe`. */
export interface RecipeConfig extends Omit<Config, "model" | "components" | FileList | "generate" | "plugins"> {
  readonly model: RecipeFile;
  readonly components?: Readonly<Record<string, RecipeFile>>;
  readonly lora?: readonly (Omit<LoraConfig, "path"> & { readonly path: RecipeFile })[];
  readonly textual_inversions?: readonly (Omit<TextualInversionConfig, "path"> & { readonly path: RecipeFile })[];
  readonly generate: Omit<CommonInputs, PictureSetting> & {
    readonly [Name in PictureSetting]?: RecipeFile | readonly RecipeFile[];
  } & { readonly [own: string]: unknown };
  /** `use` is a package's name; a plugin that a config named by path is a file here. */
  readonly plugins: readonly (Omit<PluginConfig, "use"> & { readonly use: string | RecipeFile })[];
}

/** What stands for the paths of a config. */
export interface RecipePlaces {
  readonly model: RecipeFile;
  readonly components: Readonly<Record<string, RecipeFile>>;
  /** As many as the config has. */
  readonly lists: Readonly<Record<FileList, readonly RecipeFile[]>>;
  readonly plugins: readonly (string | RecipeFile)[];
}

/** What stands for the paths of images, by setting. */
export type RecipeImages = { readonly [Name in PictureSetting]?: readonly RecipeFile[] };

/** A checked config as a recipe has it. @param images in place of files' paths */
export function recipeConfig(config: Config, places: RecipePlaces, images: RecipeImages): RecipeConfig {
  const { components, generate, plugins } = config;
  const isPicture = (key: string): boolean => (pictureSettingNames as readonly string[]).includes(key);
  const settings = Object.fromEntries(Object.entries(generate).filter(([key]) => !isPicture(key)));
  const pictures = Object.entries(images).filter(([, files]) => files.length > 0);
  const listed = fileLists.flatMap((key) => {
    const entries = config[key]?.map((entry, i) => ({ ...entry, path: places.lists[key][i]! }));
    return entries ? [[key, entries]] : [];
  });
  return {
    ...config,
    model: places.model,
    ...(components ? { components: places.components } : {}),
    ...Object.fromEntries(listed),
    generate: {
      ...settings,
      ...Object.fromEntries(pictures.map(([name, files]) => [name, files.length === 1 ? files[0] : files])),
    },
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
    ...(isObject(generate) ? { generate: readImages(generate) } : {}),
    ...(Array.isArray(plugins) ? { plugins: plugins.map(readPlugin) } : {}),
  };
}

function readImages(generate: JsonObject): JsonObject {
  const given = pictureSettingNames.filter((name) => generate[name] !== undefined);
  return { ...generate, ...Object.fromEntries(given.map((name) => [name, readImage(generate[name])])) };
}

function readImage(image: unknown): unknown {
  return Array.isArray(image) ? image.map(asRecipeFile) : asRecipeFile(image);
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
