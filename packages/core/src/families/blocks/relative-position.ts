import type { Dim } from "../../graph/dim";
import type { Graph } from "../../graph/graph";
import { embedding } from "../../graph/layers";
import type { Value } from "../../graph/value";
import { placesOf } from "./places";

/**
 * The bias that T5 adds to attention scores: one number a head and a bucket of distances,
 * https://arxiv.org/abs/1910.10683, section 2.1. The token count is known at run time only, so the graph holds the
 * biases of the distances -maxDistance..maxDistance, beyond which they stay the same, and picks from them.
 *
 * @param name the embedding `[buckets, heads]`
 * @returns `[1, heads, tokens, tokens]`
 */
export function relativePositionBias(
  g: Graph,
  name: string,
  tokens: Dim,
  { buckets, heads, maxDistance }: { readonly buckets: number; readonly heads: number; readonly maxDistance: number },
): Value {
  const span = 2 * maxDistance + 1;
  const distances = Array.from({ length: span }, (_, i) => bucketOf(i - maxDistance, buckets, maxDistance));
  const table = embedding(g, name, g.constant(distances, [span], "int64"), buckets, heads); // [span, heads]
  return g.unsqueeze(g.gather(g.transpose(table, [1, 0]), clippedDistances(g, tokens, maxDistance), 1), 0);
}

/** Key position less query position, held within `most` and counted from `-most`. @returns int32 `[tokens, tokens]` */
function clippedDistances(g: Graph, tokens: Dim, most: number): Value {
  const places = placesOf(g, tokens);
  const distances = g.sub(places, g.unsqueeze(places, 1));
  const below = g.node("Min", [distances, g.constant(most)], distances.shape);
  const held = g.node("Max", [below, g.constant(-most)], distances.shape);
  return g.cast(g.add(held, g.constant(most)), "int32");
}

/**
 * Half of the buckets are for keys before the query, half for keys behind it. In each half, the first half are one
 * distance each, the others grow with the logarithm of the distance. float32 where the reference has it: at the edges
 * of the buckets the rounding decides.
 */
export function bucketOf(distance: number, buckets: number, maxDistance: number): number {
  const half = Math.floor(buckets / 2);
  const exact = Math.floor(half / 2);
  const first = distance > 0 ? half : 0;
  const length = Math.abs(distance);
  if (length < exact) return first + length;
  const logarithm = Math.fround(Math.log(Math.fround(length / exact)));
  const share = Math.fround(logarithm / Math.fround(Math.log(maxDistance / exact)));
  return first + Math.min(exact + Math.floor(Math.fround(share * (half - exact))), half - 1);
}
