import type { Structure } from "../architecture/structure";
import type { SkipstepError } from "../errors/error";
import { optionUnfit } from "../errors/plugins";
import { BuildHookRunner } from "../plugins/build-hooks";
import { pluginOfClass } from "../plugins/discover";
import { createHost, type PluginHost } from "../plugins/host";
import type { PluginClass } from "../plugins/plugin";
import type { Finding } from "../schema/finding";
import type { JsonObject } from "../schema/json";
import { validate } from "../schema/validate";

/** A plugin's class, and those of its options that are not the defaults. */
export interface GraphPluginUse {
  readonly use: PluginClass;
  readonly options?: object;
}

/** Plugins of a graph that is built without a pipeline. */
export interface GraphPlugins {
  readonly host: PluginHost;
  /** What the graph is built with, `Graph.create(component, weights, build)`; its receipts say what each plugin took. */
  readonly build: BuildHookRunner;
  /** What `regions` of the manifests is given. */
  readonly structure: Structure;
}

/**
 * Makes plugins as a pipeline makes them.
 * @param structure of the denoiser that the graph is
 * @throws SKIPSTEP_PLUGIN_OPTION, SKIPSTEP_PLUGIN_MANIFEST, SKIPSTEP_HOOK_FAILED, SKIPSTEP_PLUGIN_INJECT
 */
export function graphPlugins(
  component: string,
  uses: readonly GraphPluginUse[],
  structure: Structure = { className: component, features: [], lists: [], blocks: [] },
): GraphPlugins {
  const entries = uses.map(({ use, options: given }) => {
    const found = pluginOfClass(use);
    const options: JsonObject = { ...(given as JsonObject) };
    const [finding] = validate(found.manifest.options, options, [], true); // fills in defaults
    if (finding) throw unfit(found.manifest.name, finding);
    return { ...found, options };
  });
  const host = createHost(entries, structure);
  return { host, build: new BuildHookRunner(host, component), structure };
}

function unfit(plugin: string, { path, text }: Finding): SkipstepError {
  return optionUnfit(plugin, path.join(".") || "options", text.trim().replace(/\.$/, ""), "Change it.");
}
