import type { Graph } from "../../graph/graph";
import { conv2d } from "../../graph/layers";
import type { Value } from "../../graph/value";

/**
 * SANA's mix feed-forward, https://arxiv.org/abs/2410.10629, section 2.2: an inverted bottleneck with a depthwise
 * convolution, half of whose channels are scaled by the other half; g is the module's scope.
 * @param x `[B, C, H, W]` @param ratio of its inner width to C @returns `[B, C, H, W]`
 */
export function gluMbConv(g: Graph, x: Value, ratio: number): Value {
  const width = x.shape[1] as number;
  const inner = 2 * Math.floor(ratio * width);
  const wide = g.silu(conv2d(g, "conv_inverted", x, inner, 1));
  const mixed = conv2d(g, "conv_depth", wide, inner, 3, { padding: 1, groups: inner });
  const [passed, gate] = g.chunk(mixed, 2, 1) as [Value, Value];
  return conv2d(g, "conv_point", g.mul(passed, g.silu(gate)), width, 1, { bias: false });
}
