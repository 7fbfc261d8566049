import { type Dim, times } from "../../graph/dim";
import type { Graph } from "../../graph/graph";
import { conv2d, linear } from "../../graph/layers";
import type { Value } from "../../graph/value";
import { gluMbConv } from "./glu-mb-conv";
import { linearAttention } from "./linear-attention";
import { toImage, toTokens } from "./pixels";
import { rmsNormChannels } from "./rms-norm-channels";

export interface EfficientVitOptions {
  readonly headDim: number;
  /** Sides of the filters whose results are attended to beside the pixels themselves. */
  readonly filters: readonly number[];
}

const FEED_FORWARD_RATIO = 4;

/** Linear attention at several scales, then a feed-forward network that convolves; g is the module's scope. @param x `[B, C, H, W]` */
export function efficientVitBlock(g: Graph, x: Value, options: EfficientVitOptions): Value {
  const attended = g.add(attention(g.scope("attn"), x, options), x);
  const inner = g.scope("conv_out");
  return g.add(rmsNormChannels(inner, "norm", gluMbConv(inner, attended, FEED_FORWARD_RATIO)), attended);
}

/**
 * EfficientViT's multi-scale linear attention, https://arxiv.org/abs/2205.14756, section 3.1. Where the reference
 * multiplies queries and keys first, on small pictures, the result is the same.
 */
function attention(g: Graph, x: Value, { headDim, filters }: EfficientVitOptions): Value {
  const [batch, width, height, columns] = x.shape as [Dim, number, Dim, Dim];
  const tokens = toTokens(g, x);
  const parts = ["to_q", "to_k", "to_v"].map((name) => linear(g, name, tokens, width, { bias: false }));
  const pixels = toImage(g, g.concat(parts, 2), height, columns); // [B, 3 C, H, W]
  const scales = filters.map((side, i) => filtered(g.scope(`to_qkv_multiscale.${i}`), pixels, side, headDim));
  const all = g.concat([pixels, ...scales], 1);
  // Heads are cut from queries, keys and values as they follow each other: a head has 3 times its channels in a row.
  const heads = ((1 + filters.length) * width) / headDim;
  const apart = g.reshape(all, [batch, heads, 3 * headDim, times(height, columns)]);
  const [query, key, value] = g.chunk(apart, 3, 2) as [Value, Value, Value];
  const mixed = g.reshape(linearAttention(g, query, key, value), [batch, heads * headDim, height, columns]);
  const output = linear(g, "to_out", toTokens(g, mixed), width, { bias: false });
  return rmsNormChannels(g, "norm_out", toImage(g, output, height, columns));
}

/** Queries, keys and values of a pixel's surroundings. @param x `[B, 3 C, H, W]` */
function filtered(g: Graph, x: Value, side: number, headDim: number): Value {
  const width = x.shape[1] as number;
  const padding = Math.floor(side / 2);
  const around = conv2d(g, "proj_in", x, width, side, { padding, groups: width, bias: false });
  return conv2d(g, "proj_out", around, width, 1, { groups: width / headDim, bias: false });
}
