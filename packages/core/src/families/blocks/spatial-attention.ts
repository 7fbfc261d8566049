import type { Dim } from "../../graph/dim";
import type { Graph } from "../../graph/graph";
import { attention, groupNorm, linear } from "../../graph/layers";
import type { Value } from "../../graph/value";
import { toImage, toTokens } from "./pixels";

export interface SpatialAttentionOptions {
  /** Channels of a head; all when left out. */
  readonly headDim?: number;
  /** Of the group norm before it; null leaves the norm out. */
  readonly groups: number | null;
  readonly eps: number;
  /** What the sum is divided by. */
  readonly outputScale?: number;
}

/**
 * Self-attention over all pixels with a residual, https://arxiv.org/abs/2006.11239, appendix B. Checkpoints from before
 * diffusers 0.18 name its projections differently.
 * @param x `[B, C, H, W]` @returns the same shape
 */
export function spatialAttention(g: Graph, x: Value, options: SpatialAttentionOptions): Value {
  const [, width, height, columns] = x.shape as [Dim, number, Dim, Dim];
  const { headDim = width, groups, eps, outputScale = 1 } = options;
  const named = (name: string, oldName: string): string => (g.has(`${name}.weight`) ? name : oldName);
  const heads = Math.floor(width / headDim);
  const normal = groups === null ? x : groupNorm(g, "group_norm", x, groups, eps);
  const pixels = toTokens(g, normal);
  const mixed = attention(g, {
    kind: "self",
    query: linear(g, named("to_q", "query"), pixels, heads * headDim),
    key: linear(g, named("to_k", "key"), pixels, heads * headDim),
    value: linear(g, named("to_v", "value"), pixels, heads * headDim),
    heads,
  });
  const out = linear(g, named("to_out.0", "proj_attn"), mixed, width);
  const sum = g.add(x, toImage(g, out, height, columns));
  return outputScale === 1 ? sum : g.div(sum, g.constant(outputScale));
}
