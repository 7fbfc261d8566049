import { initializersOf } from "../compiler/weights-layout";
import type { Node } from "../graph/value";

/** A module that does not come apart: `layers.3`, `down_blocks.0.resnets.1`, `conv_out`. */
const module = /^[^.]+(\.\d+(\.[a-z_]+\.\d+)?)?/;

/** A run of nodes that belong to one module. */
export interface Module {
  /** Position of its first node. */
  readonly begin: number;
  /** Bytes of weights by the payloads' keys. */
  readonly weights: ReadonlyMap<string, number>;
}

/** A graph's modules in running order. */
export function modulesOf(nodes: readonly Node[]): Module[] {
  const starts = nodes.flatMap((node, i) => (i === 0 || nameOf(node) !== nameOf(nodes[i - 1]!) ? [i] : []));
  return starts.map((begin, i) => {
    const payloads = initializersOf(nodes.slice(begin, starts[i + 1])).map(({ origin }) => origin.payload);
    return { begin, weights: new Map(payloads.map(({ key, byteLength }) => [key, byteLength])) };
  });
}

export function bytesOf(weights: Module["weights"]): number {
  return [...weights.values()].reduce((sum, bytes) => sum + bytes, 0);
}

function nameOf({ scope }: Node): string {
  return module.exec(scope)?.[0] ?? "";
}
