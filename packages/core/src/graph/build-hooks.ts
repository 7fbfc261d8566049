import type { AttentionInputs } from "./attention";
import type { Graph } from "./graph";
import type { BlockTokens, ReducedTokens } from "./tokens";
import type { Node, Value } from "./value";
import type { Weight, WeightForm } from "./weight";

/** What build-time hooks answer; core asks the plugins in the config's order. */
export interface BuildHooks {
  /** How a weight is stored and its operator emitted; `undefined` has core do it. */
  weightLoad(weight: Weight, graph: Graph): WeightForm | undefined;
  /** Emits an attention; `undefined` has core do it. */
  attention(inputs: AttentionInputs, graph: Graph): Value | undefined;
  /** How a block does with fewer of a picture's tokens. */
  tokens?(tokens: BlockTokens, graph: Graph): ReducedTokens | undefined;
  /** What runs beside a linear's or convolution's weight, and is added to what that gives. */
  branch?(weight: Weight, graph: Graph): Value | undefined;
  /** Told of a graph once all of it was emitted. */
  graphBuilt?(graph: Graph): void;
  /** Name of the plugin that emitted a node; nothing for core's own. */
  emitterOf?(node: Node): string | undefined;
}

/** For graphs that no plugin touches. */
export const noHooks: BuildHooks = { weightLoad: () => undefined, attention: () => undefined };
