import type { Graph } from "../../graph/graph";
import { attention, linear } from "../../graph/layers";
import type { Value } from "../../graph/value";

export interface ProjectedAttentionOptions {
  readonly heads: number;
  /** Of all heads together; that of the tokens when left out. */
  readonly width?: number;
  /** What keys and values are made of, `[B, S, N]`; the tokens themselves when left out. */
  readonly source?: Value;
  /** Whether the projections of queries, keys and values have biases. */
  readonly bias?: boolean;
  /** int32 `[B, S]`, 1 where a key may be seen. */
  readonly keyMask?: Value | undefined;
  /** Normalizes queries and keys. */
  readonly normalize?: (g: Graph, name: "norm_q" | "norm_k", x: Value) => Value;
}

/**
 * Attention with its projections by diffusers' names; g is the module's scope.
 * @param x `[B, T, D]` @returns `[B, T, D]`
 */
export function projectedAttention(g: Graph, x: Value, options: ProjectedAttentionOptions): Value {
  const outFeatures = x.shape.at(-1) as number;
  const { heads, width = outFeatures, source = x, bias = true, keyMask } = options;
  const { normalize = (_g, _name, value) => value } = options;
  const mixed = attention(g, {
    kind: source === x ? "self" : "cross",
    query: normalize(g, "norm_q", linear(g, "to_q", x, width, { bias })),
    key: normalize(g, "norm_k", linear(g, "to_k", source, width, { bias })),
    value: linear(g, "to_v", source, width, { bias }),
    heads,
    ...(keyMask ? { keyMask } : {}),
  });
  const output = linear(g, "to_out.0", mixed, outFeatures);
  g.tap(output);
  return output;
}
