import { type Dim, size } from "../../graph/dim";
import type { Graph } from "../../graph/graph";
import { attention, embedding, linear, rmsNorm, rotary } from "../../graph/layers";
import type { Value } from "../../graph/value";
import { repeatHeads } from "../blocks/repeat-heads";

/** What the layers of Qwen's language models are built by, as config.json calls it. */
export interface QwenLayers {
  readonly vocab_size: number;
  readonly hidden_size: number;
  readonly intermediate_size: number;
  readonly num_hidden_layers: number;
  readonly num_attention_heads: number;
  readonly num_key_value_heads: number;
  readonly head_dim: number;
  readonly rms_norm_eps: number;
}

/** In what attention differs from one generation to the next. */
export interface QwenAttention {
  /** Whether queries and keys are normalized head by head. */
  readonly normalized: boolean;
  /** Whether the projections into the heads, and the one out of them, have biases. */
  readonly bias: { readonly in: boolean; readonly out: boolean };
}

/**
 * Emits the first layers of a Qwen language model; neither those behind them nor, without the last, the final norm is
 * emitted. Weight names may begin with `model.`.
 *
 * Shapes: B prompts, T tokens, D size of a head.
 *
 * Inputs: `input_ids` int64 `[B, T]`; `attention_mask` int32 `[B, T]`, 1 where a token is real; `cos`, `sin`
 * `[B, T, D/2]` from `rotaryTables`.
 * @param last the last state that is wanted
 * @returns `[B, T, hidden_size]` each, as transformers' `hidden_states`: embeddings, then a layer's output each; that of
 *   the model's last layer is normalized
 */
export function qwenStates(g: Graph, config: QwenLayers, last: number, kind: QwenAttention): Value[] {
  const [batch, tokens] = [size("B"), size("T")];
  const { vocab_size, hidden_size, num_hidden_layers, head_dim, rms_norm_eps } = config;
  const ids = g.input("input_ids", [batch, tokens], "int64");
  const keyMask = g.input("attention_mask", [batch, tokens], "int32");
  const cos = g.input("cos", [batch, tokens, head_dim / 2]);
  const sin = g.input("sin", [batch, tokens, head_dim / 2]);

  const model = g.has("model.embed_tokens.weight") ? g.scope("model") : g;
  const states = [embedding(model, "embed_tokens", ids, vocab_size, hidden_size)];
  for (let i = 0; i < last; i++) {
    const { hidden } = model.block(`layers.${i}`, { hidden: states[i]! }, (inner, streams) => ({
      hidden: layer(inner, streams.hidden, { config, attention: kind, cos, sin, keyMask }),
    }));
    states.push(hidden);
  }
  if (last === num_hidden_layers) states.push(rmsNorm(model, "norm", states.pop()!, rms_norm_eps));
  return states;
}

/** What every layer needs beside its tokens. */
interface Context {
  readonly config: QwenLayers;
  readonly attention: QwenAttention;
  readonly cos: Value;
  readonly sin: Value;
  readonly keyMask: Value;
}

function layer(g: Graph, x: Value, context: Context): Value {
  const { rms_norm_eps, intermediate_size } = context.config;
  const attended = g.add(
    x,
    selfAttention(g.scope("self_attn"), rmsNorm(g, "input_layernorm", x, rms_norm_eps), context),
  );
  const normal = rmsNorm(g, "post_attention_layernorm", attended, rms_norm_eps);
  return g.add(attended, feedForward(g.scope("mlp"), normal, intermediate_size));
}

/** Causal attention in which several query heads share one key and value head, https://arxiv.org/abs/2305.13245. */
function selfAttention(g: Graph, x: Value, { config, attention: kind, cos, sin, keyMask }: Context): Value {
  const { num_attention_heads: heads, num_key_value_heads: sharedHeads, head_dim, rms_norm_eps } = config;
  const { normalized, bias } = kind;
  const [batch, tokens, width] = x.shape as [Dim, Dim, number];
  const project = (name: string, count: number): Value => linear(g, name, x, count * head_dim, { bias: bias.in });
  const perHead = (y: Value, norm: string, count: number): Value => {
    const normal = rmsNorm(g, norm, g.reshape(y, [batch, tokens, count, head_dim]), rms_norm_eps);
    return g.reshape(normal, [batch, tokens, count * head_dim]);
  };
  const turned = (name: string, norm: string, count: number): Value => {
    const projected = project(name, count);
    const given = normalized ? perHead(projected, norm, count) : projected;
    return rotary(g, given, cos, sin, count, { interleaved: false });
  };
  const mixed = attention(g, {
    kind: "self",
    query: turned("q_proj", "q_norm", heads),
    key: repeatHeads(g, turned("k_proj", "k_norm", sharedHeads), sharedHeads, heads),
    value: repeatHeads(g, project("v_proj", sharedHeads), sharedHeads, heads),
    heads,
    keyMask,
    causal: true,
  });
  return linear(g, "o_proj", mixed, width, { bias: bias.out });
}

/** SwiGLU, https://arxiv.org/abs/2002.05202. */
function feedForward(g: Graph, x: Value, hiddenSize: number): Value {
  const gate = g.silu(linear(g, "gate_proj", x, hiddenSize, { bias: false }));
  const up = linear(g, "up_proj", x, hiddenSize, { bias: false });
  return linear(g, "down_proj", g.mul(gate, up), x.shape.at(-1) as number, { bias: false });
}
