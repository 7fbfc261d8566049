import { hookFailed, isUnfit } from "../errors/plugins";
import type { AttentionInputs } from "../graph/attention";
import type { BuildHooks } from "../graph/build-hooks";
import type { Dim } from "../graph/dim";
import type { Graph } from "../graph/graph";
import type { ReducedTokens } from "../graph/tokens";
import type { Node, Value } from "../graph/value";
import type { Weight } from "../graph/weight";
import { itemSize, sizeOf } from "../tensor";
import { isBuilding, type LoadedPlugin, type PluginHost } from "./host";

/** What one plugin took over while graphs were built. */
export interface BuildCounts {
  weights: number;
  /** Bytes of those weights as float32, and as the plugin stores them. */
  floatBytes: number;
  storedBytes: number;
  attentions: number;
  /** Storage forms with the number of weights: `{ nf4: 140 }`. */
  readonly forms: Record<string, number>;
  /** Mean of what the forms say of their noise, by the size of the weights; left out where none says anything. */
  noise?: number;
  /** What attentions became, with their number: `{ flash: 30 }`. Those of which the plugin says nothing are left out. */
  readonly kernels: Record<string, number>;
  /** What `graphBuilt` says that it did, added up: `{ "transposes left": 0 }`. */
  readonly changes: Record<string, number>;
}

export interface BuildReceipt extends BuildCounts {
  readonly plugin: string;
  /** The same by component, of those that it had a part in. */
  readonly components: Record<string, BuildCounts>;
}

/** What a plugin's rounding changes of what a layer gives, as `WeightForm.noise`. */
export interface Noise {
  readonly plugin: string;
  readonly noise: number;
}

/** Who emitted one attention of a model. */
export interface AttentionReceipt extends Pick<AttentionInputs, "scope" | "kind"> {
  readonly component: string;
  /** Name of the plugin; core itself when left out. */
  readonly plugin?: string;
  /** What it became: core's MultiHeadAttention, or what the plugin says. */
  readonly kernel?: string;
}

/** A block that does with fewer tokens, by a plugin. */
export interface TokensReceipt {
  readonly plugin: string;
  readonly component: string;
  readonly block: string;
  readonly tokens: Dim;
  readonly kept: Dim;
}

/** Asks the plugins in the config's order, each about its components; the first answer wins and is written down. */
export class BuildHookRunner implements BuildHooks {
  readonly receipts: readonly BuildReceipt[];
  /** Every attention, in the order of emission. */
  readonly attentions: AttentionReceipt[] = [];
  /** Every block that does with fewer tokens, in the order of emission. */
  readonly tokenBlocks: TokensReceipt[] = [];
  /** Which plugin emitted a node, by its first output. */
  private readonly emitters = new Map<Value, string>();
  /** Components whose products take inputs as they are, whatever forms say of noise. */
  private readonly exact = new Set<string>();

  /** @param denoiser the component of plugins for which the config names none */
  constructor(
    private readonly host: PluginHost,
    private readonly denoiser: string,
  ) {
    this.receipts = host.plugins.map(({ name }) => ({ plugin: name, ...noCounts(), components: {} }));
  }

  weightLoad: BuildHooks["weightLoad"] = (weight, graph) => {
    for (const [i, { name, instance }] of this.pluginsOf(graph.component)) {
      const form = guarded(name, "weightLoad", () => instance.weightLoad?.(weight, graph));
      if (!form) continue;
      for (const counts of this.countsOf(i, graph.component)) {
        counts.weights++;
        const floatBytes = sizeOf(weight.shape) * itemSize.float32;
        addNoise(counts, this.exact.has(graph.component) ? undefined : form.noise, floatBytes);
        counts.floatBytes += floatBytes;
        counts.storedBytes += form.byteLength;
        increment(counts.forms, form.form);
      }
      return { ...form, emit: (g, input, bias) => this.noted(name, g, () => form.emit(g, input, bias)) };
    }
    this.countUnpacked(weight, graph.component);
    return undefined;
  };

  attention: BuildHooks["attention"] = (inputs, graph) => {
    const { component } = graph;
    const { scope, kind } = inputs;
    for (const [i, { name, instance }] of this.pluginsOf(component)) {
      const answer = this.noted(name, graph, () =>
        guarded(name, "attention", () => instance.attention?.(inputs, graph)),
      );
      if (!answer) continue;
      const { output, kernel } = "output" in answer ? answer : { output: answer };
      for (const counts of this.countsOf(i, component)) {
        counts.attentions++;
        if (kernel !== undefined) increment(counts.kernels, kernel);
      }
      this.attentions.push({ component, scope, kind, plugin: name, ...(kernel === undefined ? {} : { kernel }) });
      return output;
    }
    this.attentions.push({ component, scope, kind, kernel: "MultiHeadAttention" });
    return undefined;
  };

  tokens: NonNullable<BuildHooks["tokens"]> = (tokens, graph) => {
    const { component } = graph;
    for (const [i, { name, instance }] of this.pluginsOf(component)) {
      const reduced = guarded(name, "tokens", () => instance.tokens?.(tokens, graph));
      if (!reduced) continue;
      for (const counts of this.countsOf(i, component)) increment(counts.changes, "blocks with fewer tokens");
      const { scope: block, hidden } = tokens;
      this.tokenBlocks.push({ plugin: name, component, block, tokens: hidden.shape[1]!, kept: reduced.kept });
      return this.guardedTokens(name, reduced);
    }
    return undefined;
  };

  emitterOf = ({ outputs }: Node): string | undefined => this.emitters.get(outputs[0]!);

  graphBuilt = (graph: Graph): void => {
    for (const [i, { name, instance }] of this.pluginsOf(graph.component)) {
      const before = new Set(graph.nodes.map(({ outputs }) => outputs[0]!)); // nodes may be replaced
      const changes = guarded(name, "graphBuilt", () => instance.graphBuilt?.(graph));
      this.note(
        name,
        graph.nodes.filter(({ outputs }) => !before.has(outputs[0]!)),
      );
      if (!changes) continue;
      for (const counts of this.countsOf(i, graph.component))
        for (const [change, number] of Object.entries(changes)) increment(counts.changes, change, number);
    }
  };

  /** A packed weight that nobody takes over is read as float32: told by the plugin that reads its format. */
  private countUnpacked({ packed, shape }: Weight, component: string): void {
    const [format, kind = format] = packed?.format.split(":") ?? [];
    const reads = ({ manifest }: LoadedPlugin): boolean =>
      manifest.weightFormats?.some(({ name }) => name === format) ?? false;
    const reader = this.host.plugins.findIndex(reads);
    if (reader < 0) return;
    const bytes = sizeOf(shape) * itemSize.float32;
    for (const counts of this.countsOf(reader, component)) {
      counts.weights++;
      counts.floatBytes += bytes;
      counts.storedBytes += bytes;
      increment(counts.forms, `${kind} in float32`);
    }
  }

  /** What it emits later is the plugin's as well. */
  private guardedTokens(plugin: string, reduced: ReducedTokens): ReducedTokens {
    const { modules, kept } = reduced;
    const ask = <Result>(graph: Graph, emit: () => Result): Result =>
      this.noted(plugin, graph, () => guarded(plugin, "tokens", emit));
    return {
      modules,
      kept,
      merge: (x, graph) => ask(graph, () => reduced.merge(x, graph)),
      unmerge: (y, graph) => ask(graph, () => reduced.unmerge(y, graph)),
    };
  }

  /** Notes what is emitted meanwhile. */
  private noted<Result>(plugin: string, { nodes }: Graph, emit: () => Result): Result {
    const before = nodes.length;
    const result = emit();
    this.note(plugin, nodes.slice(before));
    return result;
  }

  private note(plugin: string, nodes: readonly Node[]): void {
    for (const { outputs } of nodes) if (!this.emitters.has(outputs[0]!)) this.emitters.set(outputs[0]!, plugin);
  }

  /** What plugins' forms in a component say of their noise. */
  noiseIn(component: string): Noise[] {
    return this.receipts.flatMap(({ plugin, components }) => {
      const noise = components[component]?.noise ?? 0;
      return noise > 0 ? [{ plugin, noise }] : [];
    });
  }

  /** Takes a component's noise out of the counts: its providers round nothing. */
  leaveOutNoise(component: string): void {
    this.exact.add(component);
    for (const receipt of this.receipts) {
      delete receipt.components[component]?.noise;
      const sums = Object.values(receipt.components).flatMap(({ noise, floatBytes }) =>
        noise === undefined ? [] : [noise * floatBytes],
      );
      if (sums.length === 0) delete receipt.noise;
      else receipt.noise = sums.reduce((sum, each) => sum + each, 0) / receipt.floatBytes;
    }
  }

  private pluginsOf(component: string): [index: number, plugin: LoadedPlugin][] {
    return [...this.host.plugins.entries()].filter(([, plugin]) => isBuilding(plugin, component, this.denoiser));
  }

  /** A plugin's counts in all, and those of one component. */
  private countsOf(index: number, component: string): [BuildCounts, BuildCounts] {
    const receipt = this.receipts[index]!;
    const own = receipt.components[component] ?? noCounts();
    receipt.components[component] = own;
    return [receipt, own];
  }
}

function noCounts(): BuildCounts {
  return { weights: 0, floatBytes: 0, storedBytes: 0, attentions: 0, forms: {}, kernels: {}, changes: {} };
}

/** Before the weight's bytes are added to the counts. */
function addNoise(counts: BuildCounts, noise: number | undefined, floatBytes: number): void {
  if (noise === undefined && counts.noise === undefined) return;
  const sum = (counts.noise ?? 0) * counts.floatBytes + (noise ?? 0) * floatBytes;
  counts.noise = sum / (counts.floatBytes + floatBytes);
}

function increment(counts: Record<string, number>, name: string, by = 1): void {
  counts[name] = (counts[name] ?? 0) + by;
}

function guarded<Result>(plugin: string, hook: string, call: () => Result): Result {
  try {
    return call();
  } catch (error) {
    throw isUnfit(error) ? error : hookFailed(plugin, hook, error);
  }
}
