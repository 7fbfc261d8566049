import { existsSync, realpathSync, statSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";
import type { SkipstepError } from "../errors/error";
import { pluginFileMissing, pluginNameInvalid, pluginUnknown, pluginWithoutEntry } from "../errors/plugins";
import { type InstalledPlugin, installedPlugins } from "./installed";
import { checkModulePlace } from "./module-place";
import { packageEntry } from "./package-entry";
import { enclosingPackage, moduleFolders, type PackageFolder, readPackage } from "./package-json";
import { publishedPlugins } from "./published";

/** A module that may hold a plugin. */
export interface ResolvedModule {
  /** Real path: Node knows modules by it. */
  readonly file: string;
  /** The installed package that it is the entry of; missing for a path. */
  readonly package?: PackageFolder;
}

/** Core run from its sources takes plugins from theirs, so that both see one copy of core. */
const conditions: ReadonlySet<string> = new Set([
  "node",
  "import",
  ...(import.meta.url.endsWith(".ts") ? ["@skipstep/source"] : []),
]);

/**
 * Finds what `use` means, as `import` in a file of that folder would.
 *
 * @param use package name, short name (`fbcache`), or a path that begins with `.` or is absolute
 * @param from folder of the config that says it
 * @throws SKIPSTEP_PLUGIN_UNKNOWN, SKIPSTEP_PLUGIN_BROKEN, SKIPSTEP_PLUGIN_REFUSED
 */
export function resolvePlugin(use: string, from: string): ResolvedModule {
  if (isPath(use)) return resolvePath(use, from);
  if (!isPackageName(use)) throw pluginNameInvalid(use);
  for (const name of candidates(use)) {
    const found = findPackage(name, from);
    if (found) return entryOf(use, found, subpathOf(name));
  }
  throw pluginNotFound(use, installedPlugins(from));
}

/** The error for a name that is no plugin's. @param installed where it was looked for */
export function pluginNotFound(use: string, installed: readonly InstalledPlugin[]): SkipstepError {
  const isFull = candidates(use).length === 1;
  return pluginUnknown(use, {
    name: shortName(packageOf(use)),
    installed: installed.map(({ name }) => shortName(name)),
    published: publishedPlugins,
    ...(isFull ? { full: packageOf(use) } : {}),
  });
}

export function isPath(use: string): boolean {
  return /^(\.{1,2}([\\/]|$)|file:)/.test(use) || path.isAbsolute(use);
}

/** The absolute path that a path in a config means. @throws SKIPSTEP_PLUGIN_REFUSED for an address of no file */
export function pathOf(use: string, from: string): string {
  if (!use.startsWith("file:")) return path.resolve(from, use);
  try {
    return fileURLToPath(use);
  } catch {
    throw pluginNameInvalid(use); // on another host, or cut short
  }
}

/** npm's rule for a name, and what may follow it: `./<sub>` that stays inside the package. */
const packageName = /^(?:@[a-z0-9~-][a-z0-9._~-]*\/)?[a-z0-9~-][a-z0-9._~-]*(?:\/[\w.~-]+)*$/i;

/** Whether it is a package's name, or a module's that a package exports. */
function isPackageName(use: string): boolean {
  return use.length <= 214 && packageName.test(use) && !use.split("/").some((part) => /^\.+$/.test(part));
}

/** `fbcache` for the packages that may be named so. */
export function shortName(name: string): string {
  return name.replace(/^(@skipstep\/|skipstep-)plugin-/, "");
}

function resolvePath(use: string, from: string): ResolvedModule {
  const file = pathOf(use, from);
  if (!existsSync(file)) throw pluginFileMissing(use, file);
  const stats = statSync(file);
  if (stats.isFile()) return moduleAt(use, file, false);
  if (!stats.isDirectory()) {
    checkModulePlace(use, file, false);
    throw pluginWithoutEntry(use, `${file} is no file and no folder`);
  }
  const found = readPackage(file);
  if (!found) throw pluginWithoutEntry(use, `${file} is a folder without package.json`);
  return entryOf(use, found, ".");
}

/** The name itself, then what it may be short for. */
export function candidates(use: string): string[] {
  return /[/@]/.test(use) || use.startsWith("skipstep-plugin-")
    ? [use]
    : [use, `@skipstep/plugin-${use}`, `skipstep-plugin-${use}`];
}

function packageOf(use: string): string {
  return use
    .split("/")
    .slice(0, use.startsWith("@") ? 2 : 1)
    .join("/");
}

function subpathOf(use: string): string {
  return `.${use.slice(packageOf(use).length)}`;
}

/** Whether it is a package's name alone, or short for one. */
export function isPlainPackageName(use: string): boolean {
  return isPackageName(use) && packageOf(use) === use;
}

/** In the `node_modules` folders upwards, or the package that the config lies in. */
function findPackage(use: string, from: string): PackageFolder | undefined {
  const name = packageOf(use);
  const own = enclosingPackage(from);
  if (own?.json.name === name && own.json.exports !== undefined) return own;
  for (const folder of moduleFolders(from)) {
    const found = readPackage(path.join(folder, name));
    if (found) return found;
  }
  return undefined;
}

function entryOf(use: string, found: PackageFolder, subpath: string): ResolvedModule {
  const file = packageEntry(found, subpath, conditions);
  if (file === undefined)
    throw pluginWithoutEntry(use, `package.json of ${found.folder} exports no "${subpath}" for import`);
  if (!existsSync(file)) throw pluginWithoutEntry(use, `${file} is missing; build or reinstall the package`);
  return { ...moduleAt(use, file, true), package: found };
}

function moduleAt(use: string, file: string, inPackage: boolean): ResolvedModule {
  const real = realpathSync(file);
  for (const place of new Set([file, real])) checkModulePlace(use, place, inPackage);
  return { file: real };
}
