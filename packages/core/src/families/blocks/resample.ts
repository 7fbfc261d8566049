import { type Dim, over } from "../../graph/dim";
import type { Graph } from "../../graph/graph";
import { conv2d } from "../../graph/layers";
import type { Value } from "../../graph/value";

/** Changes of resolution between the levels of a U-Net or an autoencoder; g is the module's scope. */

/**
 * Stride 2.
 * @param x `[B, C, H, W]`
 * @param padding 1 on all sides: `ceil(H / 2)`; 0 has zeros below and to the right only: `floor(H / 2)`
 */
export function downsample(g: Graph, x: Value, padding: 0 | 1): Value {
  return conv2d(g, "conv", x, x.shape[1] as number, 3, { stride: 2, padding: padding === 0 ? [0, 0, 1, 1] : 1 });
}

/** Nearest neighbours, then a convolution. @param x `[B, C, H, W]` @returns `[B, C, height, width]` */
export function upsample(g: Graph, x: Value, height: Dim, width: Dim): Value {
  return conv2d(g, "conv", g.resize(x, height, width), x.shape[1] as number, 3, { padding: 1 });
}

/** Means of 2x2 pixels. @param x `[B, C, H, W]` @returns `[B, C, floor(H / 2), floor(W / 2)]` */
export function averagePool(g: Graph, x: Value): Value {
  const [batch, channels, height, width] = x.shape as [Dim, Dim, Dim, Dim];
  return g.node("AveragePool", [x], [batch, channels, over(height, 2), over(width, 2)], {
    attributes: { kernel_shape: { ints: [2, 2] }, strides: { ints: [2, 2] } },
  });
}
