import type { Dim } from "../../graph/dim";
import type { Graph } from "../../graph/graph";
import type { Value } from "../../graph/value";

const EPS = 1e-5;

/**
 * RMS normalization of each pixel over its channels, with weight and bias, https://arxiv.org/abs/1910.07467; pictures
 * stay as they lie. @param x `[B, C, H, W]`
 */
export function rmsNormChannels(g: Graph, name: string, x: Value): Value {
  const channels = x.shape[1] as number;
  const perChannel = (part: string): Value => g.reshape(g.weight(`${name}.${part}`, [channels]), [channels, 1, 1]);
  return g.add(g.mul(unitChannels(g, x, EPS), perChannel("weight")), perChannel("bias"));
}

/** Each pixel divided by the root of its channels' mean square. @param x `[B, C, H, W]` @param eps added to that mean */
export function unitChannels(g: Graph, x: Value, eps: number): Value {
  const [batch, channels, height, width] = x.shape as [Dim, number, Dim, Dim];
  const axes = g.constant([1], undefined, "int64");
  const squares = g.node("ReduceSumSquare", [x, axes], [batch, 1, height, width]);
  return g.div(x, g.sqrt(g.add(g.div(squares, g.constant(channels)), g.constant(eps))));
}
