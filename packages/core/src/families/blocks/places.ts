import type { Dim } from "../../graph/dim";
import type { Graph } from "../../graph/graph";
import type { Value } from "../../graph/value";

/**
 * The place of each token, from 1. Ones are summed up in float32: whole numbers of 64 bits have no kernels on GPUs.
 * @returns `[tokens]`
 */
export function placesOf(g: Graph, tokens: Dim): Value {
  const ones = g.expand(g.constant([1]), [tokens]);
  return g.node("CumSum", [ones, g.constant([0], undefined, "int64")], [tokens]);
}
