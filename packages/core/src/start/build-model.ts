import type { ComponentModel } from "../architecture/component-model";
import type { Structure } from "../architecture/structure";
import { type Plan, planGraph, type RegionClaim } from "../compiler/plan";
import { SkipstepError } from "../errors/error";
import { hookFailed, isUnfit } from "../errors/plugins";
import { type BranchExtent, Branches } from "../graph/branches";
import type { BuildHooks } from "../graph/build-hooks";
import { Graph } from "../graph/graph";
import type { RecognisedModel } from "../loop/recognised-model";
import { type Dtype, type Dtypes, dtypeOf } from "../memory/dtype";
import { type MemoryChoice, type Placement, placeComponents, segmentDevices } from "../memory/placement";
import { BuildHookRunner } from "../plugins/build-hooks";
import type { PluginHost } from "../plugins/host";
import { AskedWeights } from "../weights/checkpoint/asked-weights";
import type { Note } from "../weights/checkpoint/note";
import { SharedWeights } from "../weights/checkpoint/shared-weights";
import type { OpenWeights } from "../weights/checkpoint/weights";
import { checkClaims } from "./check-claims";
import { countExactProducts } from "./exact-products";
import { leftoverNotes } from "./leftover-tensors";

/** A component's graph, cut for the plugins that hook it. */
export interface BuiltModel {
  readonly name: string;
  readonly source: ComponentModel;
  /** Open until the caller closes it. */
  readonly weights: OpenWeights;
  readonly graph: Graph;
  readonly plan: Plan;
  /** What its weights are stored in. */
  readonly dtype: Dtype;
  /** The provider of each segment; the pipeline's where there is none. */
  readonly devices: readonly (string | undefined)[];
}

/** Everything that a pipeline runs, built and not yet compiled. */
export interface BuiltModels {
  readonly models: readonly BuiltModel[];
  readonly hooks: BuildHookRunner;
  /** Beside which weights something may run, and does. */
  readonly branches: Branches;
  /** By component: names of weights in its file that its graph has no use for. */
  readonly unused: ReadonlyMap<string, ReadonlySet<string>>;
  /** What in the files no model has a use for, and `roundings`. */
  readonly notes: readonly Note[];
  /** What the CPU rounds and the models' providers do not. */
  readonly roundings: readonly Note[];
}

/** What cuts graphs besides plugins. */
export interface PlacementChoice extends MemoryChoice {
  /** Where what the device map does not name runs. */
  readonly device?: string;
  readonly dtype?: Dtypes;
  /** Providers besides the CPU's that work here; only a balanced device map asks. */
  readonly accelerators?: readonly string[];
}

/**
 * Builds the graph of every component. Plugins cut the denoiser's, and hook the components that the config says.
 * @param extents components that are to have branches beside their weights
 * @throws SKIPSTEP_TENSOR_MISSING, SKIPSTEP_TENSOR_SHAPE, SKIPSTEP_REGION_UNKNOWN, SKIPSTEP_REGION_OVERLAP,
 *   SKIPSTEP_PLUGIN_OPTION, SKIPSTEP_HOOK_FAILED, SKIPSTEP_DEVICE_MAP
 */
export function buildModels(
  { family, components, structure }: RecognisedModel,
  plugins: PluginHost,
  { accelerators = [], dtype, device = "cpu", ...memory }: PlacementChoice,
  extents?: ReadonlyMap<string, BranchExtent>,
): BuiltModels {
  const hooks = new BuildHookRunner(plugins, family.denoiser);
  const branches = new Branches(hooks, extents);
  const graphs: BuiltGraph[] = [];
  try {
    const notes: Note[] = [];
    const unused = new Map<string, ReadonlySet<string>>();
    for (const [name, source] of components) {
      const { asked, ...built } = buildGraph(name, withShared(source, components), branches, dtype);
      graphs.push(built);
      unused.set(name, new Set(asked.left()));
      notes.push(...leftoverNotes(name, source, asked));
    }
    const nodes = new Map(graphs.map(({ name, graph }) => [name, graph.nodes]));
    const placements = placeComponents(memory, nodes, accelerators);
    const models = graphs.map((built) => {
      const claims = built.name === family.denoiser ? regionClaims(plugins, structure) : [];
      return planned(built, claims, placements.get(built.name)!);
    });
    const roundings = countExactProducts(models, hooks, device);
    return { models, hooks, branches, unused, notes: [...notes, ...roundings], roundings };
  } catch (error) {
    for (const { weights } of graphs) weights.close();
    throw error;
  }
}

/** Builds another function of a component. Where the device map names modules, which this one may not have, it counts not. */
export function buildModel(
  name: string,
  source: ComponentModel,
  hooks: BuildHooks,
  { memory, device_map, dtype, accelerators = [] }: PlacementChoice,
): BuiltModel {
  const { asked: _, ...built } = buildGraph(name, source, hooks, dtype);
  const isWhole = device_map === "balanced" || typeof device_map?.[name] === "string";
  const choice = { memory, ...(device_map && isWhole ? { device_map } : {}) };
  const placements = placeComponents(choice, new Map([[name, built.graph.nodes]]), accelerators);
  return planned(built, [], placements.get(name)!);
}

/** With the tensors that another component's files have. */
function withShared(source: ComponentModel, components: RecognisedModel["components"]): ComponentModel {
  const { shared, component } = source;
  if (!shared) return source;
  const other = components.get(shared.component)!.component;
  return {
    ...source,
    component: { ...component, weights: () => SharedWeights.open(component, other, shared.tensors) },
  };
}

type BuiltGraph = Omit<BuiltModel, "plan" | "devices">;

function buildGraph(
  name: string,
  source: ComponentModel,
  hooks: BuildHooks,
  dtypes: Dtypes | undefined,
): BuiltGraph & { readonly asked: AskedWeights } {
  const weights = source.component.weights();
  try {
    checkClaims(source, weights);
    const asked = new AskedWeights(weights);
    const graph = Graph.create(name, asked, hooks);
    source.model.architecture.entries[source.model.entry]!(graph, source.config);
    hooks.graphBuilt?.(graph);
    return { name, source, weights, graph, dtype: dtypeOf(dtypes, name), asked };
  } catch (error) {
    weights.close();
    throw error instanceof SkipstepError ? withNotes(error, source.notes) : error;
  }
}

/** An option that is misspelt is warned of, and then its tensors do not fit. */
function withNotes(error: SkipstepError, notes: ComponentModel["notes"] = []): SkipstepError {
  const warnings = notes.filter(({ kind }) => kind === "warning").map(({ text }) => ` A warning: ${text}`);
  return warnings.length === 0
    ? error
    : new SkipstepError(error.code, error.message + warnings.join(""), { cause: error });
}

function planned(built: BuiltGraph, claims: readonly RegionClaim[], placement: Placement): BuiltModel {
  const plan = planGraph(built.graph, claims, [], placement.cuts);
  const devices = segmentDevices(placement, built.graph.nodes, plan.segments);
  return { ...built, plan, devices };
}

/** The regions that plugins ask for, in the config's order. */
export function regionClaims({ plugins }: PluginHost, structure: Structure): RegionClaim[] {
  return plugins.flatMap(({ name, manifest, options }, order) => {
    try {
      const requests = manifest.regions?.(structure, options) ?? [];
      return requests.map(({ name: region, from, to = from, ...rest }, index) => ({
        plugin: name,
        order,
        region: { name: region, index, from, to, ...rest },
      }));
    } catch (error) {
      throw isUnfit(error) ? error : hookFailed(name, "regions", error);
    }
  });
}
