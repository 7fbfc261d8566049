import type { Node, Value } from "../../graph/value";
import type { Form } from "./profile";
import { StandIn } from "./stand-in";

/** How the nodes of a provider's segments are emitted. */
export interface Lowering {
  /** What stands in for a node; the values that come out keep their names. */
  lower(node: Node): readonly Node[];
  /** The provider and all that was chosen for it: part of an engine's key. */
  readonly key: string;
}

/** How each segment is emitted, where its provider is another than the CPU. */
export type FormsOf = (segment: number) => Lowering | undefined;

/**
 * For the nodes of one graph, and those of the bodies in them.
 * @param choose the form of a node @param initializers that were made for the graph
 */
export function lowerBy(choose: (node: Node) => Form, initializers: Map<string, Value> = new Map()): Lowering["lower"] {
  const lower = (node: Node): readonly Node[] => {
    const { body } = node;
    if (body) return [{ ...node, body: { ...body, nodes: body.nodes.flatMap(lower) } }];
    const { emit } = choose(node);
    if (!emit) return [node];
    const standIn = new StandIn(node, initializers);
    return standIn.finish(emit(node, standIn));
  };
  return lower;
}
