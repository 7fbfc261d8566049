import { type WeightSizes, weightSizes } from "../compiler/memory-estimate";
import { moduleOf } from "../graph/module-names";
import type { Node } from "../graph/value";

/** A run of nodes that belong to one module. */
export interface Module {
  /** Position of its first node. */
  readonly begin: number;
  readonly weights: WeightSizes;
}

/** A graph's modules in running order. */
export function modulesOf(nodes: readonly Node[]): Module[] {
  const starts = nodes.flatMap((node, i) => (i === 0 || moduleOf(node) !== moduleOf(nodes[i - 1]!) ? [i] : []));
  return starts.map((begin, i) => ({ begin, weights: weightSizes(nodes.slice(begin, starts[i + 1])) }));
}
