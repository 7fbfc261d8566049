import type { Dim, Graph, Value } from "@skipstep/core/plugin";

/** What one call of a kernel works on: an attention, or a block of its queries with the keys that they see. */
export interface KernelCall {
  /** `[B, T, H*D]`. */
  readonly query: Value;
  /** `[B, H, S, D]`. */
  readonly key: Value;
  /** `[B, H, S, E]`. */
  readonly value: Value;
  readonly heads: number;
  readonly scale: number;
  /** Added to the scores: `[B or 1, H or 1, T, S]`. */
  readonly bias?: Value | undefined;
}

/** @returns `[B, T, H*E]` */
export type Kernel = (g: Graph, call: KernelCall) => Value;

/** ONNX Runtime's MultiHeadAttention. */
export const fused: Kernel = (g, { query, key, value, heads, scale, bias }) => {
  const [batch, tokens] = query.shape as [Dim, Dim];
  const shape = [batch, tokens, heads * (value.shape[3] as number)];
  return g.node("MultiHeadAttention", [query, key, value, undefined, undefined, bias], shape, {
    domain: "com.microsoft",
    attributes: { num_heads: { int: heads }, scale: { float: scale } },
  });
};

/** `softmax(scale Q K^T + bias) V`, an operator each. */
export const plain: Kernel = (g, { query, key, value, heads, scale, bias }) => {
  const [batch, tokens] = query.shape as [Dim, Dim];
  const q = headsFirst(g, query, heads);
  const product = g.node("FusedMatMul", [q, key], [batch, heads, tokens, key.shape[2]!], {
    domain: "com.microsoft",
    attributes: { transB: { int: 1 }, alpha: { float: scale } },
  });
  const scores = bias ? g.add(product, bias) : product;
  const output = g.matmul(g.softmax(scores), value); // [B, H, T, E]
  return g.reshape(g.transpose(output, [0, 2, 1, 3]), [batch, tokens, heads * (value.shape[3] as number)]);
};

/** `[B, T, H*D]` to `[B, H, T, D]`. */
export function headsFirst(g: Graph, x: Value, heads: number): Value {
  const [batch, tokens, width] = x.shape as [Dim, Dim, number];
  return g.transpose(g.reshape(x, [batch, tokens, heads, width / heads]), [0, 2, 1, 3]);
}
