import { evaluate, type Sizes } from "../graph/dim";
import type { Graph } from "../graph/graph";
import type { Value } from "../graph/value";
import { itemSize } from "../tensor";
import { initializersOf } from "./weights-layout";

/** What a graph's weights take once they are loaded, in bytes. */
export function weightBytes({ nodes }: Graph): number {
  const payloads = new Map(initializersOf(nodes).map(({ origin }) => [origin.payload.key, origin.payload.byteLength]));
  return [...payloads.values()].reduce((sum, bytes) => sum + bytes, 0);
}

/**
 * The most that values between nodes take at once, in bytes, when each lives from the node that makes it to the last one
 * that reads it. An estimate: ONNX Runtime works in place where it can, and its kernels use memory of their own.
 */
export function activationBytes({ nodes, inputs, outputs }: Graph, sizes: Sizes): number {
  const bytesOf = ({ shape, dtype }: Value): number =>
    shape.reduce<number>((bytes, dim) => bytes * evaluate(dim, sizes), itemSize[dtype]);
  const lastReader = new Map<Value, number>();
  for (const [position, node] of nodes.entries())
    for (const value of node.inputs) if (value) lastReader.set(value, position);
  for (const { value } of outputs) lastReader.set(value, nodes.length);
  let now = inputs.reduce((sum, input) => sum + bytesOf(input), 0);
  let most = now;
  for (const [position, node] of nodes.entries()) {
    now += node.outputs.reduce((sum, output) => sum + bytesOf(output), 0);
    most = Math.max(most, now);
    const done = new Set([...node.inputs, ...node.outputs].filter((value) => value !== undefined));
    for (const value of done) {
      const isHeld = value.origin.kind === "node" || value.origin.kind === "input";
      if (isHeld && (lastReader.get(value) ?? position) === position) now -= bytesOf(value);
    }
  }
  return most;
}
