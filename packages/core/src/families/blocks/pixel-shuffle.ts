import { type Dim, over, times } from "../../graph/dim";
import type { Graph } from "../../graph/graph";
import type { Value } from "../../graph/value";

/** torch's order, https://arxiv.org/abs/1609.05158: a channel's place within its square is counted fastest. */

/** @param x `[B, b b C, h, w]` @returns `[B, C, b h, b w]` */
export function pixelShuffle(g: Graph, x: Value, block: number): Value {
  const [batch, channels, height, width] = x.shape as [Dim, Dim, Dim, Dim];
  const shape = [batch, over(channels, block * block), times(height, block), times(width, block)];
  return g.node("DepthToSpace", [x], shape, { attributes: { blocksize: { int: block }, mode: { text: "CRD" } } });
}

/** Inverse of `pixelShuffle`. @param x `[B, C, b h, b w]` @returns `[B, b b C, h, w]` */
export function pixelUnshuffle(g: Graph, x: Value, block: number): Value {
  const [batch, channels, height, width] = x.shape as [Dim, Dim, Dim, Dim];
  const [rows, columns] = [over(height, block), over(width, block)];
  const squares = g.reshape(x, [batch, channels, rows, block, columns, block]);
  return g.reshape(g.transpose(squares, [0, 1, 3, 5, 2, 4]), [batch, times(channels, block * block), rows, columns]);
}
