import { type Node, readsOf, type Value } from "../../graph/value";
import type { Segment } from "../plan";
import { isReplaced, type ProviderProfile } from "./profile";
import { StandIn } from "./stand-in";

/** What stands for each node of some segments of a graph that are on one provider. */
export function portableOn(
  profile: ProviderProfile,
  segments: readonly SegmentNodes[],
  initializers: Map<string, Value>,
): (node: Node) => readonly Node[] {
  const made = new Map(segments.flatMap((segment) => [...portableNodes(profile, segment, initializers)]));
  return (node) => made.get(node) ?? [node];
}

/** What of a segment it takes. */
export type SegmentNodes = Pick<Segment, "nodes" | "inputs" | "outputs">;

/**
 * What stands for the nodes of a segment that its provider lacks kernels for, where these say how to do without: nodes
 * that make the same of what they are made from, and none for those that nobody reads any more.
 * @param initializers of the whole graph @returns by node; nothing for those that stay
 */
function portableNodes(
  profile: ProviderProfile,
  { nodes, inputs, outputs }: SegmentNodes,
  initializers: Map<string, Value>,
): ReadonlyMap<Node, readonly Node[]> {
  const made = new Map<Node, readonly Node[]>();
  const there = new Set<Value>([...inputs, ...nodes.flatMap((node) => node.outputs)]);
  const isThere = (value: Value): boolean => value.origin.kind === "initializer" || there.has(value);
  const replaced = new Set(nodes.filter((node) => isReplaced(profile, node) && node.portable!.reads.every(isThere)));
  if (replaced.size === 0) return made;
  const read = new Set<Value>(outputs);
  for (const node of nodes.toReversed()) {
    if (!node.outputs.some((output) => read.has(output))) {
      made.set(node, []);
      continue;
    }
    const standing = replaced.has(node) ? emitted(node, initializers) : [node];
    if (standing[0] !== node) made.set(node, standing);
    for (const value of standing.flatMap(readsOf)) read.add(value);
  }
  return made;
}

function emitted(node: Node, initializers: Map<string, Value>): readonly Node[] {
  const standIn = new StandIn(node, initializers);
  return standIn.finish(node.portable!.emit(standIn));
}
