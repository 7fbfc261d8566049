import type { Floats } from "@skipstep/core/plugin";
import { dot, itemsOf, length } from "./items";

/** Cosine of the angle between two predictions, of the image where it is least. @param a `[B, ...]` @param b `[B, ...]` */
export function leastCosine(a: Floats, b: Floats): number {
  const others = itemsOf(b);
  const cosines = itemsOf(a).map((item, i) => dot(item, others[i]!) / (length(item) * length(others[i]!)));
  return Math.min(...cosines);
}
