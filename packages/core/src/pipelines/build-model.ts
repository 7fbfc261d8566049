import type { OpenWeights } from "../checkpoint/weights";
import { BuildHookRunner } from "../compiler/build-hooks";
import { type Plan, planGraph, type RegionClaim } from "../compiler/plan";
import { hookFailed, isOptionUnfit } from "../errors/plugins";
import type { BuildHooks } from "../graph/build-hooks";
import { Graph } from "../graph/graph";
import type { PluginHost } from "../plugins/host";
import type { Structure } from "../plugins/manifest";
import type { ComponentModel } from "./component-model";
import type { Family } from "./family";

/** A component's graph, cut for the plugins that hook it. */
export interface BuiltModel {
  readonly name: string;
  readonly source: ComponentModel;
  /** Open until the caller closes it. */
  readonly weights: OpenWeights;
  readonly graph: Graph;
  readonly plan: Plan;
}

/** Everything that a pipeline runs, built and not yet compiled. */
export interface BuiltModels {
  readonly models: readonly BuiltModel[];
  readonly hooks: BuildHookRunner;
}

/**
 * Builds the graph of every component. Plugins cut the denoiser's, and hook the components that the config says.
 * @throws SKIPSTEP_TENSOR_MISSING, SKIPSTEP_TENSOR_SHAPE, SKIPSTEP_REGION_UNKNOWN, SKIPSTEP_REGION_OVERLAP,
 *   SKIPSTEP_PLUGIN_OPTION, SKIPSTEP_HOOK_FAILED
 */
export function buildModels(
  family: Family,
  sources: ReadonlyMap<string, ComponentModel>,
  plugins: PluginHost,
  structure: Structure,
): BuiltModels {
  const hooks = new BuildHookRunner(plugins, family.denoiser);
  const models: BuiltModel[] = [];
  try {
    for (const [name, source] of sources) {
      const claims = name === family.denoiser ? regionClaims(plugins, structure) : [];
      models.push(buildModel(name, source, hooks, claims));
    }
    return { models, hooks };
  } catch (error) {
    for (const { weights } of models) weights.close();
    throw error;
  }
}

export function buildModel(
  name: string,
  source: ComponentModel,
  hooks: BuildHooks,
  claims: readonly RegionClaim[],
): BuiltModel {
  const weights = source.component.weights();
  try {
    const graph = Graph.create(name, weights, hooks);
    source.model.architecture.entries[source.model.entry]!(graph, source.config);
    return { name, source, weights, graph, plan: planGraph(graph, claims) };
  } catch (error) {
    weights.close();
    throw error;
  }
}

/** The regions that plugins ask for, in the config's order. */
export function regionClaims({ plugins }: PluginHost, structure: Structure): RegionClaim[] {
  return plugins.flatMap(({ name, manifest, options }, order) => {
    try {
      const requests = manifest.regions?.(structure, options) ?? [];
      return requests.map(({ name: region, from, to = from, until }, index) => ({
        plugin: name,
        order,
        region: { name: region, index, from, to, ...(until === undefined ? {} : { until }) },
      }));
    } catch (error) {
      throw isOptionUnfit(error) ? error : hookFailed(name, "regions", error);
    }
  });
}
