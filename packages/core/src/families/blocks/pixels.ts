import { type Dim, times } from "../../graph/dim";
import type { Graph } from "../../graph/graph";
import type { Value } from "../../graph/value";

/** Pixels as tokens, row by row. @param image `[B, C, H, W]` @returns `[B, H W, C]` */
export function toTokens(g: Graph, image: Value): Value {
  const [batch, channels, rows, columns] = image.shape as [Dim, Dim, Dim, Dim];
  return g.transpose(g.reshape(image, [batch, channels, times(rows, columns)]), [0, 2, 1]);
}

/** Inverse of `toTokens`. @param tokens `[B, H W, C]` @returns `[B, C, H, W]` */
export function toImage(g: Graph, tokens: Value, rows: Dim, columns: Dim): Value {
  const [batch, , channels] = tokens.shape as [Dim, Dim, Dim];
  return g.reshape(g.transpose(tokens, [0, 2, 1]), [batch, channels, rows, columns]);
}
