import type { Graph } from "../../graph/graph";
import { layerNorm, linear } from "../../graph/layers";
import type { Value } from "../../graph/value";

/**
 * Adaptive layer normalization, https://arxiv.org/abs/2212.09748, section 3.2: the conditioning says how normalized
 * tokens are shifted and scaled, and how much of a branch is added (its gate).
 */

const EPS = 1e-6;

/**
 * Shifts, scales and gates: equal parts of a linear layer's output.
 * @param conditioning `[B, N]`, after SiLU @returns `[B, 1, width]` each
 */
export function modulation(
  g: Graph,
  name: string,
  conditioning: Value,
  parts: number,
  width: number,
  { bias = true }: { readonly bias?: boolean } = {},
): Value[] {
  return g.chunk(g.unsqueeze(linear(g, name, conditioning, parts * width, { bias }), 1), parts, 2);
}

/** `x (1 + scale) + shift`. @param x `[B, T, D]` @param shift `[B, 1, D]` @param scale `[B, 1, D]` */
export function modulate(g: Graph, x: Value, shift: Value, scale: Value): Value {
  return g.add(g.mul(x, g.onePlus(scale)), shift);
}

/** Layer normalization without weights of its own. */
export function plainLayerNorm(g: Graph, x: Value, eps: number = EPS): Value {
  return layerNorm(g, "norm", x, eps, { affine: false });
}

/**
 * Normalizes and modulates; g is the module's scope. Unlike elsewhere, the scale comes before the shift.
 * @param x `[B, T, D]` @param conditioning `[B, N]`, after SiLU
 */
export function adaLayerNormContinuous(
  g: Graph,
  x: Value,
  conditioning: Value,
  { eps = EPS, bias = true }: { readonly eps?: number; readonly bias?: boolean } = {},
): Value {
  const width = x.shape.at(-1) as number;
  const [scale, shift] = modulation(g, "linear", conditioning, 2, width, { bias }) as [Value, Value];
  return modulate(g, plainLayerNorm(g, x, eps), shift, scale);
}
