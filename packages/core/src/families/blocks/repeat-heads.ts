import type { Dim } from "../../graph/dim";
import type { Graph } from "../../graph/graph";
import type { Value } from "../../graph/value";

/**
 * Each of `from` heads several times in a row: heads of keys and values that several query heads share,
 * https://arxiv.org/abs/2305.13245. @param x `[B, T, from*D]` @returns `[B, T, to*D]`
 */
export function repeatHeads(g: Graph, x: Value, from: number, to: number): Value {
  if (from === to) return x;
  const [batch, tokens, width] = x.shape as [Dim, Dim, number];
  const apart = g.reshape(x, [batch, tokens, from, 1, width / from]);
  return g.reshape(g.expand(apart, [1, 1, 1, to / from, 1]), [batch, tokens, (width / from) * to]);
}
