import type { Dim } from "../../graph/dim";
import type { Graph } from "../../graph/graph";
import { conv2d, groupNorm, layerNorm, linear } from "../../graph/layers";
import { blockTokens } from "../../graph/tokens";
import type { Value } from "../../graph/value";
import { feedForward } from "./feed-forward";
import { toImage, toTokens } from "./pixels";
import { type ProjectedAttentionOptions, projectedAttention } from "./projected-attention";

export interface SpatialTransformerOptions {
  readonly heads: number;
  /** Blocks, one after the other. */
  readonly depth: number;
  readonly groups: number;
  /** Projects in and out with linears instead of 1x1 convolutions. */
  readonly linearProjection: boolean;
  /** The first attention of a block reads the prompt, too. */
  readonly onlyCrossAttention: boolean;
  /** Pixels of the latents along the side of one of the image's. */
  readonly downsample: number;
}

const GROUP_NORM_EPS = 1e-6;
const LAYER_NORM_EPS = 1e-5;

/**
 * Transformer blocks over all pixels that attend to a prompt, https://arxiv.org/abs/2112.10752, section 3.3; diffusers'
 * Transformer2DModel; g is the module's scope.
 * @param x `[B, C, H, W]` @param prompt `[B, S, D]` @returns `[B, C, H, W]`
 */
export function spatialTransformer(g: Graph, x: Value, prompt: Value, options: SpatialTransformerOptions): Value {
  const { heads, depth, groups, linearProjection } = options;
  const [, channels, height, columns] = x.shape as [Dim, number, Dim, Dim];
  const width = heads * Math.floor(channels / heads);

  const normal = groupNorm(g, "norm", x, groups, GROUP_NORM_EPS);
  let hidden = linearProjection
    ? linear(g, "proj_in", toTokens(g, normal), width)
    : toTokens(g, conv2d(g, "proj_in", normal, width, 1)); // [B, H W, width]
  for (let i = 0; i < depth; i++)
    ({ hidden } = g.block(`transformer_blocks.${i}`, { hidden }, (inner, streams) => ({
      hidden: block(inner, streams.hidden, prompt, [height, columns], options),
    })));
  const image = linearProjection
    ? toImage(g, linear(g, "proj_out", hidden, channels), height, columns)
    : conv2d(g, "proj_out", toImage(g, hidden, height, columns), channels, 1);
  return g.add(image, x);
}

/** @param x `[B, T, C]` @param prompt `[B, S, D]` @param grid tokens high and wide */
function block(
  g: Graph,
  x: Value,
  prompt: Value,
  grid: readonly [Dim, Dim],
  { heads, onlyCrossAttention, downsample }: SpatialTransformerOptions,
): Value {
  const emit = blockTokens(g, { hidden: x, grid, downsample });
  const norm = (name: string, value: Value): Value => layerNorm(g, name, value, LAYER_NORM_EPS);
  const cross = { heads, bias: false, source: prompt };
  const first = onlyCrossAttention ? cross : { heads, bias: false };
  const attend = (options: ProjectedAttentionOptions) => (inner: Graph, value: Value) =>
    projectedAttention(inner, value, options);
  const y = g.add(emit("attention", g.scope("attn1"), norm("norm1", x), attend(first)), x);
  const z = g.add(emit("cross-attention", g.scope("attn2"), norm("norm2", y), attend(cross)), y);
  const fed = emit("feed-forward", g.scope("ff"), norm("norm3", z), (inner, value) =>
    feedForward(inner, value, "geglu"),
  );
  return g.add(fed, z);
}
