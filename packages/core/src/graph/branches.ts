import type { BuildHooks } from "./build-hooks";
import { type BranchInputs, branchInputs, lowRank } from "./low-rank";
import type { Value } from "./value";
import type { Weight } from "./weight";

/** Beside which weights a component has branches: linears and convolutions of one pixel, or larger ones as well. */
export type BranchExtent = "pointwise" | "all";

/** A weight beside which something may run. */
export interface BranchPlace extends Pick<Weight, "name" | "role" | "shape"> {
  /** The least extent that has it. */
  readonly extent: BranchExtent;
  /** There where a branch was emitted. */
  readonly inputs?: BranchInputs;
}

/** Build hooks that write down beside which weights branches may run, and emit those that are asked for. */
export class Branches implements BuildHooks {
  /** By component, and name of the weight. */
  readonly places = new Map<string, Map<string, BranchPlace>>();
  readonly graphBuilt: NonNullable<BuildHooks["graphBuilt"]>;

  /** @param extents by component; none where nothing is to run */
  constructor(
    private readonly inner: BuildHooks,
    private readonly extents: ReadonlyMap<string, BranchExtent> = new Map(),
  ) {
    this.graphBuilt = (graph) => inner.graphBuilt?.(graph);
  }

  emitterOf: NonNullable<BuildHooks["emitterOf"]> = (node) => this.inner.emitterOf?.(node);

  weightLoad: BuildHooks["weightLoad"] = (weight, graph) => this.inner.weightLoad(weight, graph);

  attention: BuildHooks["attention"] = (inputs, graph) => this.inner.attention(inputs, graph);

  tokens: NonNullable<BuildHooks["tokens"]> = (tokens, graph) => this.inner.tokens?.(tokens, graph);

  branch: NonNullable<BuildHooks["branch"]> = (weight, graph): Value | undefined => {
    const { name, role, shape } = weight;
    const { component } = graph;
    const places = this.places.get(component) ?? new Map<string, BranchPlace>();
    this.places.set(component, places);
    const extent = role === "linear" || shape[2] === 1 ? "pointwise" : "all";
    const asked = this.extents.get(component);
    const inputs =
      asked === "all" || asked === extent ? (places.get(name)?.inputs ?? branchInputs(graph, weight)) : undefined;
    places.set(name, { name, role, shape, extent, ...(inputs ? { inputs } : {}) });
    return inputs && lowRank(graph, weight, inputs);
  };
}
