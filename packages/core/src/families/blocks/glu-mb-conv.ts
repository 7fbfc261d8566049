import type { Dim } from "../../graph/dim";
import type { Graph } from "../../graph/graph";
import { conv2d, pointwise } from "../../graph/layers";
import type { Value } from "../../graph/value";
import { toImage, toTokens } from "./pixels";

/**
 * SANA's mix feed-forward, https://arxiv.org/abs/2410.10629, section 2.2: an inverted bottleneck with a depthwise
 * convolution, half of whose channels are scaled by the other half; g is the module's scope.
 * @param x `[B, C, H, W]` @param ratio of its inner width to C @returns `[B, C, H, W]`
 */
export function gluMbConv(g: Graph, x: Value, ratio: number): Value {
  const width = x.shape[1] as number;
  const inner = 2 * Math.floor(ratio * width);
  const wide = g.silu(conv2d(g, "conv_inverted", x, inner, 1));
  return conv2d(g, "conv_point", gatedDepthwise(g, wide), width, 1, { bias: false });
}

/** The same of tokens, so that its two large matrices are linears, which quantizers know. @param x `[B, H W, C]` @returns as x */
export function gluMbConvOfTokens(g: Graph, x: Value, ratio: number, grid: readonly [Dim, Dim]): Value {
  const width = x.shape[2] as number;
  const inner = 2 * Math.floor(ratio * width);
  const wide = g.silu(pointwise(g, "conv_inverted", x, inner));
  const mixed = toTokens(g, gatedDepthwise(g, toImage(g, wide, ...grid)));
  return pointwise(g, "conv_point", mixed, width, { bias: false });
}

/** Each channel mixed with its neighbours in space, then one half scaled by the other. @returns `[B, C / 2, H, W]` */
function gatedDepthwise(g: Graph, wide: Value): Value {
  const inner = wide.shape[1] as number;
  const mixed = conv2d(g, "conv_depth", wide, inner, 3, { padding: 1, groups: inner });
  const [passed, gate] = g.chunk(mixed, 2, 1) as [Value, Value];
  return g.mul(passed, g.silu(gate));
}
