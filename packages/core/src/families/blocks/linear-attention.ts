import type { Dim } from "../../graph/dim";
import type { Graph } from "../../graph/graph";
import type { Value } from "../../graph/value";

const EPS = 1e-15;

/**
 * Attention whose work grows with the tokens and not with their square, https://arxiv.org/abs/2006.16236: ReLU in place
 * of the softmax, so that keys and values can be multiplied first. Plugins' attention kernels are not for it.
 * @param query `[B, H, D, T]`; `key` and `value` of the same shape, before the ReLU @returns `[B, H, D, T]`
 */
export function linearAttention(g: Graph, query: Value, key: Value, value: Value): Value {
  const [batch, heads, dim] = key.shape as [Dim, Dim, Dim];
  const [seen, asked] = [g.relu(key), g.relu(query)];
  const mixed = g.matmul(g.matmul(value, g.transpose(seen, [0, 1, 3, 2])), asked); // [B, H, D, T]
  const axes = g.constant([3], undefined, "int64");
  const total = g.node("ReduceSum", [seen, axes], [batch, heads, dim, 1]);
  const weight = g.matmul(g.transpose(total, [0, 1, 3, 2]), asked); // [B, H, 1, T]
  return g.div(mixed, g.add(weight, g.constant(EPS)));
}
