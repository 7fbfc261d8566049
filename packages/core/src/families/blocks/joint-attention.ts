import type { Dim } from "../../graph/dim";
import type { Graph } from "../../graph/graph";
import { attention, linear, rmsNorm, rotary } from "../../graph/layers";
import type { Value } from "../../graph/value";
import type { RotaryValues } from "./rotary-positions";

/** Text and image tokens of one block, in the order in which blocks return them. */
export type Streams = {
  /** Text, `[B, S, D]`. */
  readonly encoder: Value;
  /** Image, `[B, X, D]`. */
  readonly hidden: Value;
};

/** What attentions over text and image tokens share in one model. */
export interface JointAttentionOptions {
  readonly heads: number;
  /** Of the RMS normalization of queries and keys. */
  readonly eps: number;
  /** Whether the linears have biases. */
  readonly bias: boolean;
  /** Of text and image tokens. */
  readonly positions: RotaryValues;
  /** int32 `[B, S + X]`, 1 where a key may be seen. */
  readonly keyMask?: Value;
}

/** Queries, keys and values, `[B, T, D]` each; normalized, not yet turned. */
export interface Projections {
  readonly query: Value;
  readonly key: Value;
  readonly value: Value;
}

/**
 * Attention of text and image tokens together, each with weights of its own: MMDiT, https://arxiv.org/abs/2403.03206,
 * with rotary positions and text in front. g is the module's scope.
 * @returns both parts of the output, before the gates
 */
export function jointAttention(g: Graph, { encoder, hidden }: Streams, options: JointAttentionOptions): Streams {
  const { heads, eps, bias } = options;
  const project = (name: string, x: Value): Value => linear(g, name, x, x.shape.at(-1) as number, { bias });
  const query = normalizeHeads(g, "norm_q", project("to_q", hidden), heads, eps);
  const key = normalizeHeads(g, "norm_k", project("to_k", hidden), heads, eps);
  const value = project("to_v", hidden);
  const textQuery = normalizeHeads(g, "norm_added_q", project("add_q_proj", encoder), heads, eps);
  const textKey = normalizeHeads(g, "norm_added_k", project("add_k_proj", encoder), heads, eps);
  const textValue = project("add_v_proj", encoder);
  const mixed = attend(
    g,
    {
      query: g.concat([textQuery, query], 1),
      key: g.concat([textKey, key], 1),
      value: g.concat([textValue, value], 1),
    },
    options,
  );
  const parts = separate(g, mixed, encoder.shape[1]!);
  const output = { hidden: project("to_out.0", parts.hidden), encoder: project("to_add_out", parts.encoder) };
  g.tap(output.hidden, output.encoder);
  return output;
}

/** Turns queries and keys, and mixes the values of all tokens. @returns `[B, T, D]` */
export function attend(
  g: Graph,
  { query, key, value }: Projections,
  { heads, positions: { cos, sin }, keyMask }: JointAttentionOptions,
): Value {
  const turned = (x: Value): Value => rotary(g, x, cos, sin, heads, { interleaved: true });
  return attention(g, {
    kind: "joint",
    query: turned(query),
    key: turned(key),
    value,
    heads,
    ...(keyMask ? { keyMask } : {}),
  });
}

/** RMS normalization of each head. @param x `[B, T, heads*D]` */
export function normalizeHeads(g: Graph, name: string, x: Value, heads: number, eps: number): Value {
  const [batch, tokens, width] = x.shape as [Dim, Dim, number];
  return g.reshape(rmsNorm(g, name, g.reshape(x, [batch, tokens, heads, width / heads]), eps), x.shape);
}

/** Text in front of the image. @returns `[B, S + X, D]` */
export function join(g: Graph, { encoder, hidden }: Streams): Value {
  return g.concat([encoder, hidden], 1);
}

/** Inverse of `join`. @param textTokens S */
export function separate(g: Graph, joint: Value, textTokens: Dim): Streams {
  return {
    encoder: g.slice(joint, 1, 0, textTokens),
    hidden: g.slice(joint, 1, textTokens, joint.shape[1]!),
  };
}
