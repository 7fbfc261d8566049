import { evaluate, type Sizes } from "../graph/dim";
import type { Graph } from "../graph/graph";
import { type Node, readsOf, type Value } from "../graph/value";
import { type HalfType, itemSize } from "../tensor";
import { isStoredHalf } from "./half-weights";
import { initializersOf } from "./weights-layout";

/** Bytes of the weights that nodes read, by their payloads' keys. */
export type WeightSizes = ReadonlyMap<string, number>;

/** @param dtype what the checkpoint's matrices are stored in */
export function weightSizes(nodes: readonly Node[], dtype: "float32" | HalfType = "float32"): WeightSizes {
  return new Map(
    initializersOf(nodes).map((value) => {
      const { key, byteLength } = value.origin.payload;
      return [key, dtype !== "float32" && isStoredHalf(value) ? byteLength / 2 : byteLength];
    }),
  );
}

export function totalBytes(sizes: WeightSizes): number {
  return [...sizes.values()].reduce((sum, bytes) => sum + bytes, 0);
}

/** What a graph's weights take once they are loaded, in bytes. */
export function weightBytes({ nodes }: Pick<Graph, "nodes">, dtype: "float32" | HalfType = "float32"): number {
  return totalBytes(weightSizes(nodes, dtype));
}

/** What kernels pack for themselves when a model is opened, of a graph's weights: all but filters of convolutions. */
export function packedBytes({ nodes }: Graph): number {
  return weightBytes({ nodes: nodes.filter(({ op }) => op !== "Conv") });
}

/**
 * The most that values between nodes take at once, in bytes, when each lives from the node that makes it to the last one
 * that reads it. An estimate: ONNX Runtime works in place where it can, and its kernels use memory of their own.
 */
export function activationBytes(graph: Graph, sizes: Sizes): number {
  return mostBytes(
    graph.nodes,
    graph.inputs,
    graph.outputs.map(({ value }) => value),
    sizes,
  );
}

function mostBytes(nodes: readonly Node[], inputs: readonly Value[], outputs: readonly Value[], sizes: Sizes): number {
  const bytesOf = ({ shape, dtype }: Value): number =>
    shape.reduce<number>((bytes, dim) => bytes * evaluate(dim, sizes), itemSize[dtype]);
  const lastReader = new Map<Value, number>();
  for (const [position, node] of nodes.entries()) for (const value of readsOf(node)) lastReader.set(value, position);
  for (const value of outputs) lastReader.set(value, nodes.length);
  let now = inputs.reduce((sum, input) => sum + bytesOf(input), 0);
  let most = now;
  for (const [position, node] of nodes.entries()) {
    now += node.outputs.reduce((sum, output) => sum + bytesOf(output), 0);
    const { body } = node;
    most = Math.max(most, now + (body ? mostBytes(body.nodes, body.inputs, body.outputs, sizes) : 0));
    const done = new Set([...readsOf(node), ...node.outputs]);
    for (const value of done) {
      const isHeld = value.origin.kind === "node" || value.origin.kind === "input";
      if (isHeld && (lastReader.get(value) ?? position) === position) now -= bytesOf(value);
    }
  }
  return most;
}
