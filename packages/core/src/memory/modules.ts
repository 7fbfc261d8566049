import { initializersOf } from "../compiler/weights-layout";
import { moduleOf } from "../graph/module-of";
import type { Node } from "../graph/value";

/** A run of nodes that belong to one module. */
export interface Module {
  /** Position of its first node. */
  readonly begin: number;
  /** Bytes of weights by the payloads' keys. */
  readonly weights: ReadonlyMap<string, number>;
}

/** A graph's modules in running order. */
export function modulesOf(nodes: readonly Node[]): Module[] {
  const starts = nodes.flatMap((node, i) => (i === 0 || moduleOf(node) !== moduleOf(nodes[i - 1]!) ? [i] : []));
  return starts.map((begin, i) => {
    const payloads = initializersOf(nodes.slice(begin, starts[i + 1])).map(({ origin }) => origin.payload);
    return { begin, weights: new Map(payloads.map(({ key, byteLength }) => [key, byteLength])) };
  });
}

export function bytesOf(weights: Module["weights"]): number {
  return [...weights.values()].reduce((sum, bytes) => sum + bytes, 0);
}
