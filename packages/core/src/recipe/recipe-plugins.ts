import { realpathSync } from "node:fs";
import { recipeRefused } from "../errors/recipe";
import type { PluginHost } from "../plugins/host";
import type { InstalledPlugin } from "../plugins/installed";
import { manifestOf, type PluginClass } from "../plugins/plugin";
import { candidates, pluginNotFound, resolvePlugin } from "../plugins/resolve";
import { isObject, type JsonObject } from "../schema/json";
import { findPlace } from "./known-places";
import { isFilePath } from "./recipe-config";
import { isRecipeFile, type RecipeFile } from "./recipe-file";

export interface PluginSurroundings {
  /** Where plugins are looked for. */
  readonly folder: string;
  /** Those that are installed for it. */
  readonly installed: readonly InstalledPlugin[];
  readonly cacheDir: string;
  /** The user's own config: plugins that it names by path are found by their names. */
  readonly own?: { readonly plugins: PluginHost } | undefined;
  /** Classes that the program has. */
  readonly classes: readonly PluginClass[];
}

/**
 * A plugin of a recipe as a config would name it: an installed package that says it is a plugin, or what the user named
 * himself. What is of the wrong shape is left to the schema.
 * @throws SKIPSTEP_RECIPE_REFUSED for paths, SKIPSTEP_PLUGIN_UNKNOWN for what is not installed
 */
export function ownPlugin(entry: unknown, index: number, surroundings: PluginSurroundings): unknown {
  if (!isObject(entry)) return entry;
  checkOptions(entry.options, `plugins.${index}.options`);
  const { use } = entry;
  if (isRecipeFile(use)) return { ...entry, use: usedByPath(use, index, surroundings) };
  if (typeof use !== "string") return entry;
  const passed = surroundings.classes.find((target) => manifestOf(target)?.name === use);
  return { ...entry, use: passed ?? installedName(use, surroundings) };
}

/** The plugin of a config that is the user's own. A hash of one file is no hash of the code that it imports. */
function usedByPath({ name, path, sha256 }: RecipeFile, index: number, { own, cacheDir }: PluginSurroundings): string {
  if (path !== undefined)
    throw recipeRefused(`plugins.${index}.use "${path}"`, "recipes name plugins by package, never by path or address");
  const used = own?.plugins.plugins.find((plugin) => plugin.name === name);
  if (used) return used.use;
  const known = sha256 === undefined ? undefined : findPlace(cacheDir, sha256);
  const where = known === undefined ? "" : ` (the same file is ${known})`;
  throw recipeRefused(
    `the plugin "${name}", which a config named by path`,
    `code is only loaded by package name, or from a config of yours beside the recipe that has it${where}`,
  );
}

/** @throws SKIPSTEP_PLUGIN_UNKNOWN */
function installedName(use: string, { folder, installed }: PluginSurroundings): string {
  const found = candidates(use).flatMap((name) => installed.find((plugin) => plugin.name === name) ?? [])[0];
  // Should a nearer package of that name be no plugin, it is not loaded in this one's place.
  const isMeant = found && samePlace(resolvePlugin(found.name, folder).package?.folder, found.folder);
  if (!found || !isMeant) throw pluginNotFound(use, installed);
  return found.name;
}

function samePlace(folder: string | undefined, other: string): boolean {
  return folder !== undefined && realpathSync(folder) === realpathSync(other);
}

/** A plugin that takes a path would read it. */
function checkOptions(value: unknown, at: string): void {
  // A path below the folder that is stood in leads to a file, too; no option of a known plugin has a slash.
  if (typeof value === "string" && (isFilePath(value) || value.includes("/")))
    throw recipeRefused(`${at} "${value}"`, "options of a recipe name no files");
  const inner = Array.isArray(value) ? value.entries() : isObject(value) ? Object.entries(value as JsonObject) : [];
  for (const [key, each] of inner) checkOptions(each, `${at}.${key}`);
}
