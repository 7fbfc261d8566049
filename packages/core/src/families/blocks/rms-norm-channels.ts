import type { Dim } from "../../graph/dim";
import type { Graph } from "../../graph/graph";
import type { Value } from "../../graph/value";

const EPS = 1e-5;

/**
 * RMS normalization of each pixel over its channels, with weight and bias, https://arxiv.org/abs/1910.07467; pictures
 * stay as they lie. @param x `[B, C, H, W]`
 */
export function rmsNormChannels(g: Graph, name: string, x: Value): Value {
  const [batch, channels, height, width] = x.shape as [Dim, number, Dim, Dim];
  const axes = g.constant([1], undefined, "int64");
  const squares = g.node("ReduceSumSquare", [x, axes], [batch, 1, height, width]);
  const length = g.sqrt(g.add(g.div(squares, g.constant(channels)), g.constant(EPS)));
  const perChannel = (part: string): Value => g.reshape(g.weight(`${name}.${part}`, [channels]), [channels, 1, 1]);
  return g.add(g.mul(g.div(x, length), perChannel("weight")), perChannel("bias"));
}
