import type { Graph } from "../../graph/graph";
import type { Value } from "../../graph/value";

/**
 * Sinusoids at frequencies that were drawn once and lie in the checkpoint, https://arxiv.org/abs/2006.10739; g is the
 * module's scope.
 * @param t `[B]` @param frequencies how many @returns `[B, 2 * frequencies]`
 */
export function gaussianFourier(
  g: Graph,
  t: Value,
  frequencies: number,
  { logarithm, cosFirst }: { readonly logarithm: boolean; readonly cosFirst: boolean },
): Value {
  const position = g.unsqueeze(logarithm ? g.node("Log", [t], t.shape) : t, 1);
  const turns = g.mul(position, g.weight("weight", [frequencies])); // [B, frequencies]
  const angles = g.mul(turns, g.constant(2 * Math.PI));
  return g.concat(cosFirst ? [g.cos(angles), g.sin(angles)] : [g.sin(angles), g.cos(angles)], 1);
}
