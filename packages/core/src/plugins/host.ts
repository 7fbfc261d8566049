import "reflect-metadata";
import { container, injectable } from "tsyringe";
import type { Structure } from "../architecture/structure";
import { hookFailed, hooksMissing, tokenUnknown } from "../errors/plugins";
import { type Hooks, hookKinds } from "../hooks";
import type { FoundPlugin } from "./discover";
import type { PluginOptionValues } from "./plugin";
import { type AnyManifest, injectedTokens, ModelStructure, type Plugin, PluginOptions } from "./plugin";

/** A plugin at work in one pipeline. */
export interface LoadedPlugin {
  /** The manifest's name. */
  readonly name: string;
  readonly manifest: AnyManifest;
  /** Of its package; `local` for a file or a class. */
  readonly version: string;
  /** Checked, defaults filled in, frozen. */
  readonly options: PluginOptionValues;
  readonly instance: Plugin;
  /** What the config calls it. */
  readonly use: string;
  /** Real path of its module; missing for a class. */
  readonly file?: string;
  /** Components that its build-time hooks are asked about; the denoiser alone when left out. */
  readonly components?: readonly string[];
}

/** The plugins of one pipeline, in the config's order. */
export interface PluginHost {
  readonly plugins: readonly LoadedPlugin[];
}

/** A plugin with its options, checked against its schema. */
export interface PluginEntry extends FoundPlugin {
  readonly options: PluginOptionValues;
  readonly components?: readonly string[];
}

/** Whether a plugin's build-time hooks are asked about a component. */
export function isBuilding({ components }: LoadedPlugin, component: string, denoiser: string): boolean {
  return components?.includes(component) ?? component === denoiser;
}

/**
 * Makes the plugins, each in a container of its own that holds its options and what is known of the denoiser.
 *
 * @throws SKIPSTEP_HOOK_FAILED when a constructor throws, SKIPSTEP_PLUGIN_INJECT, SKIPSTEP_PLUGIN_MANIFEST
 */
export function createHost(entries: readonly PluginEntry[], structure?: Structure): PluginHost {
  return { plugins: entries.map((entry) => loadPlugin(entry, structure)) };
}

function loadPlugin(
  { use, file, plugin, manifest, version, options, components }: PluginEntry,
  structure: Structure | undefined,
): LoadedPlugin {
  const own = container.createChildContainer();
  own.register(PluginOptions, { useValue: options });
  if (structure) own.register(ModelStructure, { useValue: structure });
  for (const { token, isOptional } of Object.values(injectedTokens(plugin))) {
    const isNamed = typeof token === "symbol" || typeof token === "string";
    if (isNamed && isOptional !== true && !own.isRegistered(token, true))
      throw tokenUnknown(manifest.name, String(token), ["PluginOptions", "ModelStructure"]);
  }
  injectable()(plugin); // again, in case the plugin has a tsyringe of its own: the two share nothing but metadata
  let instance: Plugin;
  try {
    instance = own.resolve(plugin as unknown as new () => Plugin);
  } catch (error) {
    throw hookFailed(manifest.name, "its constructor", error);
  }
  const hooks = Object.keys(hookKinds) as (keyof Hooks)[];
  const { families, schedulers } = manifest; // a package of these alone hooks nothing
  if (!families && !schedulers && hooks.every((hook) => typeof instance[hook] !== "function"))
    throw hooksMissing(manifest.name, hooks);
  const part = { ...(file === undefined ? {} : { file }), ...(components ? { components } : {}) };
  return { name: manifest.name, manifest, version, options, instance, use, ...part };
}
