import type { Architecture, Warn } from "../../architecture/architecture";
import { allOf, count, layerCount, most, optionalCount } from "../../architecture/config-option";
import { defineConfig } from "../../architecture/define-config";
import { transformersOptionsFixed, transformersOptionsWithoutEffect } from "../../architecture/transformers-config";
import { modelOptions } from "../../errors/models";
import { type Dim, size } from "../../graph/dim";
import type { Graph } from "../../graph/graph";
import { attention, embedding, linear, rmsNorm, rotary } from "../../graph/layers";
import type { Value } from "../../graph/value";
import { flag, number, optionalNumber, supported } from "../../schema/option";
import { repeatHeads } from "../blocks/repeat-heads";
import { qwen3File } from "./llama-cpp-names";
import { plainRope, ROPE_THETA, type RopeParameters } from "./rotary-tables";

/** `config.json` of Qwen3Model and Qwen3ForCausalLM. */
export interface Qwen3Config {
  readonly vocab_size: number;
  readonly hidden_size: number;
  readonly intermediate_size: number;
  readonly num_hidden_layers: number;
  readonly num_attention_heads: number;
  readonly num_key_value_heads: number;
  readonly head_dim: number;
  readonly rms_norm_eps: number;
  readonly attention_bias: boolean;
  readonly rope_theta: number;
}

/** As the file has it; transformers 5 moved `rope_theta` into `rope_parameters`. */
interface Qwen3ConfigFile extends Omit<Qwen3Config, "num_key_value_heads" | "rope_theta"> {
  readonly num_key_value_heads: number | null;
  readonly rope_theta: number | null;
  readonly rope_parameters: RopeParameters | null;
  readonly rope_scaling: RopeParameters | null;
  readonly hidden_act: string;
  readonly use_sliding_window: boolean;
  readonly layer_types: readonly string[] | null;
}

/**
 * The Qwen3 language model as a text encoder: the hidden states that enter its last layer,
 * https://arxiv.org/abs/2505.09388; transformers' `hidden_states[-2]`. Weight names may begin with `model.`.
 */
export const qwen3: Architecture<Qwen3Config> = {
  className: "Qwen3Model",
  aliases: ["Qwen3ForCausalLM"],
  file: qwen3File,
  parse,
  entries: { encode },
  withoutEffect: ({ num_hidden_layers }) => new RegExp(`^(model\\.)?(layers\\.${num_hidden_layers - 1}|norm)\\.`),
};

const parseFile = defineConfig<Qwen3ConfigFile>(
  "Qwen3Model",
  {
    vocab_size: count(151_936),
    hidden_size: count(4096),
    intermediate_size: count(22_016),
    num_hidden_layers: layerCount(32),
    num_attention_heads: count(32),
    num_key_value_heads: optionalCount(32),
    head_dim: { ...count(128, most.channels), multipleOf: 2 },
    hidden_act: supported("silu"),
    rms_norm_eps: number(1e-6),
    attention_bias: flag(false),
    rope_theta: optionalNumber(null),
    rope_parameters: plainRope,
    rope_scaling: plainRope,
    use_sliding_window: supported<boolean>(false),
    layer_types: { ...allOf("full_attention", []), type: ["array", "null"], default: null },
  },
  {
    withoutEffect: [
      ...transformersOptionsWithoutEffect,
      ...["max_position_embeddings", "sliding_window", "max_window_layers"],
    ],
    fixed: transformersOptionsFixed,
  },
);

function parse(raw: unknown, warn?: Warn): Qwen3Config {
  const { hidden_act, use_sliding_window, layer_types, rope_parameters, rope_scaling, ...file } = parseFile(raw, warn);
  const heads = file.num_attention_heads;
  const num_key_value_heads = file.num_key_value_heads ?? heads;
  if (heads % num_key_value_heads !== 0)
    throw modelOptions("Qwen3Model", [
      `"num_key_value_heads" must divide ${heads} heads, found ${num_key_value_heads}`,
    ]);
  const rope_theta = rope_parameters?.rope_theta ?? file.rope_theta ?? ROPE_THETA;
  return Object.freeze({ ...file, num_key_value_heads, rope_theta });
}

/** Output: `hidden` `[B, T, hidden_size]`, what enters the last layer; rows of padding hold no meaning. */
function encode(g: Graph, config: Qwen3Config): void {
  g.output("hidden", qwen3States(g, config, config.num_hidden_layers - 1).at(-1)!);
}

/**
 * Emits the first layers; neither those behind them nor, without the last, the final norm is emitted.
 * Shapes: B prompts, T tokens, D size of a head.
 *
 * Inputs: `input_ids` int64 `[B, T]`; `attention_mask` int32 `[B, T]`, 1 where a token is real; `cos`, `sin`
 * `[B, T, D/2]` from `rotaryTables`.
 * @param last the last state that is wanted
 * @returns `[B, T, hidden_size]` each, as transformers' `hidden_states`: embeddings, then a layer's output each; that of
 *   the model's last layer is normalized
 */
export function qwen3States(g: Graph, config: Qwen3Config, last: number): Value[] {
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
      hidden: layer(inner, streams.hidden, { config, cos, sin, keyMask }),
    }));
    states.push(hidden);
  }
  if (last === num_hidden_layers) states.push(rmsNorm(model, "norm", states.pop()!, rms_norm_eps));
  return states;
}

/** What every layer needs beside its tokens. */
interface Context {
  readonly config: Qwen3Config;
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
function selfAttention(g: Graph, x: Value, { config, cos, sin, keyMask }: Context): Value {
  const {
    num_attention_heads: heads,
    num_key_value_heads: sharedHeads,
    head_dim,
    rms_norm_eps,
    attention_bias: bias,
  } = config;
  const [batch, tokens, width] = x.shape as [Dim, Dim, number];
  const project = (name: string, count: number): Value => linear(g, name, x, count * head_dim, { bias });
  const turned = (name: string, norm: string, count: number): Value => {
    const perHead = rmsNorm(g, norm, g.reshape(project(name, count), [batch, tokens, count, head_dim]), rms_norm_eps);
    return rotary(g, g.reshape(perHead, [batch, tokens, count * head_dim]), cos, sin, count, { interleaved: false });
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
  return linear(g, "o_proj", mixed, width, { bias });
}

/** SwiGLU, https://arxiv.org/abs/2002.05202. */
function feedForward(g: Graph, x: Value, hiddenSize: number): Value {
  const gate = g.silu(linear(g, "gate_proj", x, hiddenSize, { bias: false }));
  const up = linear(g, "up_proj", x, hiddenSize, { bias: false });
  return linear(g, "down_proj", g.mul(gate, up), x.shape.at(-1) as number, { bias: false });
}
