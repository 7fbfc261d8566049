import type { Architecture, Warn } from "../../architecture/architecture";
import { count, layerCount, most } from "../../architecture/config-option";
import { defineConfig } from "../../architecture/define-config";
import { transformersOptionsFixed, transformersOptionsWithoutEffect } from "../../architecture/transformers-config";
import { modelOptions } from "../../errors/models";
import { type Dim, size } from "../../graph/dim";
import type { Graph } from "../../graph/graph";
import { embedding, linear, rotary } from "../../graph/layers";
import type { Value } from "../../graph/value";
import { flag, number, optionalInteger, optionalNumber, supported } from "../../schema/option";
import { placesOf } from "../blocks/places";
import { repeatHeads } from "../blocks/repeat-heads";
import { activateAs, hiddenActOption, type TransformersActivation } from "../blocks/transformers-activation";
import { languageModelParts } from "./language-model-parts";
import { plainRope, ROPE_THETA, type RopeParameters } from "./rotary-tables";

/** `config.json` of Gemma2Model and Gemma2ForCausalLM. */
export interface Gemma2Config {
  readonly vocab_size: number;
  readonly hidden_size: number;
  readonly intermediate_size: number;
  readonly num_hidden_layers: number;
  readonly num_attention_heads: number;
  readonly num_key_value_heads: number;
  readonly head_dim: number;
  readonly hidden_activation: TransformersActivation;
  readonly rms_norm_eps: number;
  readonly attention_bias: boolean;
  /** Scores are divided by its square root, whatever a head's size is. */
  readonly query_pre_attn_scalar: number;
  /** What scores stay below; null for no limit. */
  readonly attn_logit_softcapping: number | null;
  /** Tokens that a `sliding_attention` layer looks back on, the own one included. */
  readonly sliding_window: number | null;
  readonly layer_types: readonly LayerType[];
  readonly rope_theta: number;
}

type LayerType = "sliding_attention" | "full_attention";

/** As the file has it; transformers 5 moved `rope_theta` into `rope_parameters`. */
interface Gemma2File extends Omit<Gemma2Config, "layer_types" | "rope_theta"> {
  readonly layer_types: readonly LayerType[] | null;
  readonly rope_theta: number | null;
  readonly rope_parameters: RopeParameters | null;
  readonly rope_scaling: RopeParameters | null;
  readonly use_bidirectional_attention: boolean | null;
}

const CLASS_NAME = "Gemma2Model";
/** What hides a key, as the reference has it: the smallest float32. */
const HIDDEN = -3.4028234663852886e38;

/**
 * The Gemma 2 language model as a text encoder, https://arxiv.org/abs/2408.00118: its last hidden states, after the
 * final norm. Weight names may begin with `model.`.
 */
export const gemma2: Architecture<Gemma2Config> = {
  className: CLASS_NAME,
  aliases: ["Gemma2ForCausalLM"],
  parse,
  entries: { encode },
  float32: () => languageModelParts,
  withoutEffect: () => /^lm_head\./,
};

const parseFile = defineConfig<Gemma2File>(
  CLASS_NAME,
  {
    vocab_size: count(256_000),
    hidden_size: count(2304),
    intermediate_size: count(9216),
    num_hidden_layers: layerCount(26),
    num_attention_heads: count(8),
    num_key_value_heads: count(4),
    head_dim: { ...count(256, most.channels), multipleOf: 2 },
    hidden_activation: hiddenActOption("gelu_pytorch_tanh"),
    rms_norm_eps: number(1e-6),
    attention_bias: flag(false),
    query_pre_attn_scalar: number(256, { exclusiveMinimum: 0 }),
    attn_logit_softcapping: optionalNumber(50, { exclusiveMinimum: 0 }),
    sliding_window: optionalInteger(4096, { minimum: 1 }),
    layer_types: {
      type: ["array", "null"],
      items: { enum: ["sliding_attention", "full_attention"] },
      maxItems: most.layers,
      default: null,
    },
    rope_theta: optionalNumber(null, { exclusiveMinimum: 0 }),
    rope_parameters: plainRope,
    rope_scaling: plainRope,
    use_bidirectional_attention: supported<boolean | null>(null, false),
  },
  {
    withoutEffect: [
      ...transformersOptionsWithoutEffect,
      ...["max_position_embeddings", "final_logit_softcapping", "hidden_act", "cache_implementation"],
    ],
    fixed: transformersOptionsFixed,
  },
);

function parse(raw: unknown, warn?: Warn): Gemma2Config {
  const parsed = parseFile(raw, warn);
  const {
    rope_parameters,
    rope_scaling,
    use_bidirectional_attention,
    layer_types: given,
    rope_theta,
    ...file
  } = parsed;
  const { num_hidden_layers: layers, num_attention_heads: heads } = file;
  const problems: string[] = [];
  if (heads % file.num_key_value_heads !== 0)
    problems.push(`"num_key_value_heads" must divide ${heads} heads, found ${file.num_key_value_heads}`);
  const layer_types =
    given ??
    Array.from({ length: layers }, (_, i): LayerType => (i % 2 === 0 ? "sliding_attention" : "full_attention"));
  if (layer_types.length !== layers)
    problems.push(`"layer_types" must have an entry for each of ${layers} layers, found ${layer_types.length}`);
  if (file.sliding_window === null && layer_types.includes("sliding_attention"))
    problems.push('"sliding_window" must be a number for layers of "sliding_attention", found null');
  if (problems.length > 0) throw modelOptions(CLASS_NAME, problems);
  return Object.freeze({
    ...file,
    layer_types,
    rope_theta: rope_parameters?.rope_theta ?? rope_theta ?? ROPE_THETA,
  });
}

/** What every layer needs beside its tokens. */
interface Context {
  readonly config: Gemma2Config;
  readonly cos: Value;
  readonly sin: Value;
  /** Added to the scores, by kind of layer: `[B, 1, T, T]`. */
  readonly biases: Readonly<Record<LayerType, Value>>;
}

/**
 * Shapes: B prompts, T tokens, D size of a head.
 *
 * Inputs: `input_ids` int64 `[B, T]`; `attention_mask` int32 `[B, T]`, 1 where a token is real; `cos`, `sin`
 * `[B, T, D/2]` from `rotaryTables`. Output: `hidden` `[B, T, hidden_size]`; rows of padding hold no meaning.
 */
function encode(g: Graph, config: Gemma2Config): void {
  const [batch, tokens] = [size("B"), size("T")];
  const { vocab_size, hidden_size, num_hidden_layers, head_dim, rms_norm_eps, sliding_window } = config;
  const ids = g.input("input_ids", [batch, tokens], "int64");
  const keyMask = g.input("attention_mask", [batch, tokens], "int32");
  const cos = g.input("cos", [batch, tokens, head_dim / 2]);
  const sin = g.input("sin", [batch, tokens, head_dim / 2]);
  const full = scoreBias(g, keyMask, null);
  const sliding = config.layer_types.includes("sliding_attention") ? scoreBias(g, keyMask, sliding_window) : full;
  const context = { config, cos, sin, biases: { full_attention: full, sliding_attention: sliding } };

  const model = g.has("model.embed_tokens.weight") ? g.scope("model") : g;
  const embedded = embedding(model, "embed_tokens", ids, vocab_size, hidden_size);
  let hidden = g.mul(embedded, g.constant(Math.sqrt(hidden_size))); // [B, T, hidden_size]
  for (let i = 0; i < num_hidden_layers; i++)
    ({ hidden } = model.block(`layers.${i}`, { hidden }, (inner, streams) => ({
      hidden: layer(inner, streams.hidden, config.layer_types[i]!, context),
    })));
  g.output("hidden", norm(model, "norm", hidden, rms_norm_eps));
}

/**
 * Hides keys that are padding, that lie behind the query, or farther before it than the window.
 * @param keyMask int32 `[B, T]` @returns `[B, 1, T, T]`, 0 where a key is seen
 */
function scoreBias(g: Graph, keyMask: Value, window: number | null): Value {
  const [batch, tokens] = keyMask.shape as [Dim, Dim];
  const places = placesOf(g, tokens);
  const back = g.sub(g.unsqueeze(places, 1), places); // [T, T], how far before the query a key lies
  const is = (op: string, a: Value, b: Value): Value => g.node(op, [a, b], [tokens, tokens], { dtype: "bool" });
  const past = is("GreaterOrEqual", back, g.constant(0));
  const near = window === null ? past : is("And", past, is("Less", back, g.constant(window)));
  const real = g.reshape(g.cast(keyMask, "bool"), [batch, 1, 1, tokens]);
  const seen = g.node("And", [real, near], [batch, 1, tokens, tokens], { dtype: "bool" });
  return g.where(seen, g.constant(0), g.constant(HIDDEN));
}

/** Each branch is normalized before and after. */
function layer(g: Graph, x: Value, type: LayerType, context: Context): Value {
  const { rms_norm_eps, intermediate_size, hidden_activation } = context.config;
  const normal = (name: string, value: Value): Value => norm(g, name, value, rms_norm_eps);
  const mixed = selfAttention(g.scope("self_attn"), normal("input_layernorm", x), type, context);
  const attended = g.add(x, normal("post_attention_layernorm", mixed));
  const inner = normal("pre_feedforward_layernorm", attended);
  const fed = feedForward(g.scope("mlp"), inner, intermediate_size, hidden_activation);
  return g.add(attended, normal("post_feedforward_layernorm", fed));
}

/** RMS normalization that is told how far from 1 its scale is. */
function norm(g: Graph, name: string, x: Value, eps: number): Value {
  const scale = g.onePlus(g.weight(`${name}.weight`, [x.shape.at(-1) as number]));
  return g.node("SimplifiedLayerNormalization", [x, scale], x.shape, {
    attributes: { axis: { int: -1 }, epsilon: { float: eps } },
  });
}

/** Causal attention whose scores are held below a limit; several query heads share one key and value head. */
function selfAttention(g: Graph, x: Value, type: LayerType, { config, cos, sin, biases }: Context): Value {
  const { num_attention_heads: heads, num_key_value_heads: sharedHeads, head_dim, attention_bias: bias } = config;
  const [batch, tokens, width] = x.shape as [Dim, Dim, number];
  const project = (name: string, count: number): Value => linear(g, name, x, count * head_dim, { bias });
  const turned = (name: string, count: number): Value =>
    rotary(g, project(name, count), cos, sin, count, { interleaved: false });
  const apart = (y: Value, order: readonly number[]): Value =>
    g.transpose(g.reshape(y, [batch, tokens, heads, head_dim]), order);
  const query = apart(turned("q_proj", heads), [0, 2, 1, 3]);
  const key = apart(repeatHeads(g, turned("k_proj", sharedHeads), sharedHeads, heads), [0, 2, 3, 1]);
  const value = apart(repeatHeads(g, project("v_proj", sharedHeads), sharedHeads, heads), [0, 2, 1, 3]);
  const scores = g.mul(g.matmul(query, key), g.constant(config.query_pre_attn_scalar ** -0.5));
  const weights = g.softmax(g.add(capped(g, scores, config.attn_logit_softcapping), biases[type]));
  const mixed = g.transpose(g.matmul(weights, value), [0, 2, 1, 3]);
  return linear(g, "o_proj", g.reshape(mixed, [batch, tokens, heads * head_dim]), width, { bias });
}

/** Numbers that come near a limit and do not reach it. */
function capped(g: Graph, x: Value, limit: number | null): Value {
  return limit === null ? x : g.mul(g.tanh(g.div(x, g.constant(limit))), g.constant(limit));
}

/** GeGLU, https://arxiv.org/abs/2002.05202. */
function feedForward(g: Graph, x: Value, hiddenSize: number, activation: TransformersActivation): Value {
  const gate = activateAs(g, activation, linear(g, "gate_proj", x, hiddenSize, { bias: false }));
  const up = linear(g, "up_proj", x, hiddenSize, { bias: false });
  return linear(g, "down_proj", g.mul(gate, up), x.shape.at(-1) as number, { bias: false });
}
