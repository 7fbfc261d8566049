import { pathToFileURL } from "node:url";
import {
  manifestMissing,
  pluginAmbiguous,
  pluginForOtherCore,
  pluginImportFailed,
  pluginMissing,
} from "../errors/plugins";
import { coreVersion } from "../version";
import { checkCopy, checkLinkedCopy, isMarked } from "./core-copy";
import { type AnyManifest, manifestOf, type PluginClass } from "./plugin";
import { type ResolvedModule, resolvePlugin } from "./resolve";
import { importTypeScript, isTypeScript } from "./typescript-module";
import { isInRange } from "./version-range";

/** A plugin that was found, before there is an instance of it. */
export interface FoundPlugin {
  /** What the config calls it. */
  readonly use: string;
  readonly plugin: PluginClass;
  readonly manifest: AnyManifest;
  /** Of its package; `local` for a file or a class. */
  readonly version: string;
  /** Real path of the module; missing for a class. */
  readonly file?: string;
}

/**
 * Finds and imports a plugin by package name, short name or path.
 *
 * @param from folder of the config that names it
 * @throws SKIPSTEP_PLUGIN_UNKNOWN, SKIPSTEP_PLUGIN_BROKEN, SKIPSTEP_PLUGIN_REFUSED, SKIPSTEP_PLUGIN_CORE,
 *   SKIPSTEP_PLUGIN_CORE_TWICE
 */
export async function findPlugin(use: string, from: string): Promise<FoundPlugin> {
  return importPlugin(locatePlugin(use, from));
}

/** A module as it would be imported for a plugin. */
export interface PluginCode {
  /** What the config calls it. */
  readonly use: string;
  /** Name of its package; missing for a file. */
  readonly package?: string;
  /** Of its package; `local` for a file. */
  readonly version: string;
  /** Real path. */
  readonly file: string;
}

/** What `findPlugin` would import, found without importing it. @throws what it throws before it imports */
export function locatePlugin(use: string, from: string): PluginCode {
  const module = resolvePlugin(use, from);
  checkCore(use, module);
  const name = module.package?.json.name;
  const version = module.package?.json.version ?? "local";
  return { use, ...(name === undefined ? {} : { package: name }), version, file: module.file };
}

/** Imports what `locatePlugin` found. @throws SKIPSTEP_PLUGIN_BROKEN, SKIPSTEP_PLUGIN_CORE_TWICE */
export async function importPlugin({ use, version, file }: PluginCode): Promise<FoundPlugin> {
  const plugin = pluginIn(use, file, await importModule(use, file));
  return { use, plugin, manifest: manifestOf(plugin)!, version, file };
}

/** @throws SKIPSTEP_PLUGIN_MANIFEST for a class without `@plugin`, SKIPSTEP_PLUGIN_CORE_TWICE */
export function pluginOfClass(plugin: PluginClass): FoundPlugin {
  checkCopy(plugin.name, plugin);
  const manifest = manifestOf(plugin);
  if (!manifest) throw manifestMissing(plugin.name);
  return { use: manifest.name, plugin, manifest, version: "local" };
}

async function importModule(use: string, file: string): Promise<Readonly<Record<string, unknown>>> {
  try {
    return await (isTypeScript(file)
      ? importTypeScript(file)
      : import(/* @vite-ignore */ /* webpackIgnore: true */ /* turbopackIgnore: true */ pathToFileURL(file).href));
  } catch (error) {
    checkLinkedCopy(use, file); // one that lacks what this core has, say
    throw pluginImportFailed(use, file, error);
  }
}

/** The one class with a manifest, by whatever name it is exported. */
function pluginIn(use: string, file: string, module: Readonly<Record<string, unknown>>): PluginClass {
  for (const exported of Object.values(module)) checkCopy(use, exported);
  const exported = Object.keys(module).filter((name) => manifestOf(module[name]) !== undefined);
  const classes = [...new Set(exported.map((name) => module[name] as PluginClass))];
  if (classes.length > 1) throw pluginAmbiguous(use, file, exported);
  if (!isMarked(classes[0])) checkLinkedCopy(use, file); // the copy that it came from left no mark
  if (classes[0] === undefined) throw pluginMissing(use, file, Object.keys(module));
  return classes[0];
}

function checkCore(use: string, found: ResolvedModule): void {
  const range = found.package?.json.peerDependencies?.["@skipstep/core"];
  if (range === undefined || isInRange(coreVersion, range)) return;
  const { name, version } = found.package!.json;
  throw pluginForOtherCore(name ?? use, version ?? "", range, coreVersion);
}
