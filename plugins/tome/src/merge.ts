import { type Dim, type Graph, times, type Value } from "@skipstep/core/plugin";
import { scatter } from "./indices";
import type { Match } from "./match";

/** Means of the tokens that become one. @param x `[B, T, D]` @returns `[B, K, D]` */
export function merge(g: Graph, x: Value, { staying, going, into, weight }: Match): Value {
  const [batch, tokens, width] = x.shape as [Dim, Dim, number];
  const all = g.reshape(x, [times(batch, tokens), width]);
  const kept = g.gather(all, staying, 0); // [B, K, D]
  const merged = g.gather(all, going, 0); // [B, R, D]
  const flat = g.reshape(kept, [times(batch, kept.shape[1]!), width]);
  const rows = [times(batch, merged.shape[1]!), width];
  // Not ScatterND, whose threads may add to one row at once.
  const sums = scatter(g, flat, {
    indices: g.expand(g.reshape(into, [rows[0]!, 1]), rows),
    updates: g.reshape(merged, rows),
    axis: 0,
    add: true,
  });
  return g.mul(g.reshape(sums, kept.shape), weight);
}

/** Each token is given what it has become. @param y `[B, K, D]` @returns `[B, T, D]` */
export function unmerge(g: Graph, y: Value, { became }: Match): Value {
  const [batch, kept, width] = y.shape as [Dim, Dim, number];
  return g.gather(g.reshape(y, [times(batch, kept), width]), became, 0);
}
