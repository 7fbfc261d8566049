import type { Architecture, Warn } from "../../architecture/architecture";
import { count, layerCount, most } from "../../architecture/config-option";
import { defineConfig } from "../../architecture/define-config";
import { transformersOptionsFixed, transformersOptionsWithoutEffect } from "../../architecture/transformers-config";
import { modelOptions } from "../../errors/models";
import { size } from "../../graph/dim";
import type { Graph } from "../../graph/graph";
import { attention, embedding, linear, rmsNorm } from "../../graph/layers";
import type { Value } from "../../graph/value";
import type { OptionSchema } from "../../schema/option";
import { number, supported } from "../../schema/option";
import { products, residualStream } from "../blocks/float32-parts";
import { relativePositionBias } from "../blocks/relative-position";
import { activateAs, type TransformersActivation, transformersActivations } from "../blocks/transformers-activation";
import { t5File } from "./llama-cpp-names";

/** `config.json` of T5EncoderModel. */
export interface T5EncoderConfig {
  readonly vocab_size: number;
  readonly d_model: number;
  readonly d_kv: number;
  readonly d_ff: number;
  readonly num_layers: number;
  readonly num_heads: number;
  readonly relative_attention_num_buckets: number;
  readonly relative_attention_max_distance: number;
  readonly layer_norm_epsilon: number;
  readonly dense_act_fn: TransformersActivation;
  readonly is_gated_act: boolean;
}

/** As the file has it: `feed_forward_proj` says both, the other two overrule it where they are given. */
interface T5EncoderConfigFile extends Omit<T5EncoderConfig, "dense_act_fn" | "is_gated_act"> {
  readonly feed_forward_proj: string;
  readonly dense_act_fn: TransformersActivation | null;
  readonly is_gated_act: boolean | null;
  readonly is_decoder: boolean;
}

const feedForwards: OptionSchema<string> = {
  enum: transformersActivations.flatMap((activation) => [activation, `gated-${activation}`]),
  default: "relu",
};

/** Names that transformers takes for d_model, num_heads, num_layers and d_kv. Files have the latter. */
const otherNames = Object.fromEntries(
  ["hidden_size", "num_attention_heads", "num_hidden_layers", "head_dim"].map((name) => [name, { type: "null" }]),
);

/** The encoder of T5, https://arxiv.org/abs/1910.10683, and of T5 v1.1 (gated, https://arxiv.org/abs/2002.05202). */
export const t5Encoder: Architecture<T5EncoderConfig> = {
  className: "T5EncoderModel",
  file: t5File,
  parse,
  entries: { encode },
  float32: () => [
    residualStream(/(^|\.)encoder\.block\.\d+$/, "the stream overflows in the last layers"),
    products(/\.wo\.weight$/, "the reference keeps it in float32: what it gives overflows"),
  ],
};

const parseFile = defineConfig<T5EncoderConfigFile>(
  "T5EncoderModel",
  {
    vocab_size: count(32_128),
    d_model: count(512),
    d_kv: count(64),
    d_ff: count(2048),
    num_layers: layerCount(6),
    num_heads: count(8),
    relative_attention_num_buckets: { ...count(32, most.side), minimum: 4 },
    relative_attention_max_distance: count(128, most.side),
    layer_norm_epsilon: number(1e-6),
    feed_forward_proj: feedForwards,
    dense_act_fn: { enum: [...transformersActivations, null], default: null },
    is_gated_act: { type: ["boolean", "null"], default: null },
    is_decoder: supported<boolean>(false),
  },
  {
    withoutEffect: [
      ...transformersOptionsWithoutEffect.filter((option) => option !== "is_decoder"),
      ...["num_decoder_layers", "dropout_rate", "classifier_dropout", "scale_decoder_outputs"],
      ...["n_positions", "output_past"],
    ],
    fixed: { ...transformersOptionsFixed, ...otherNames },
  },
);

function parse(raw: unknown, warn?: Warn): T5EncoderConfig {
  const { feed_forward_proj, is_decoder, ...file } = parseFile(raw, warn);
  const { relative_attention_num_buckets: buckets, relative_attention_max_distance: maxDistance } = file;
  if (maxDistance <= Math.floor(buckets / 4))
    throw modelOptions("T5EncoderModel", [
      `"relative_attention_max_distance" must be more than a quarter of ${buckets} buckets, found ${maxDistance}`,
    ]);
  const activation = feed_forward_proj.replace("gated-", "") as TransformersActivation;
  return Object.freeze({
    ...file,
    // "gated-gelu" was always computed with the tanh approximation.
    dense_act_fn: file.dense_act_fn ?? (feed_forward_proj === "gated-gelu" ? "gelu_new" : activation),
    is_gated_act: file.is_gated_act ?? feed_forward_proj.startsWith("gated-"),
  });
}

/**
 * Shapes: B prompts, T tokens.
 *
 * Inputs: `input_ids` int64 `[B, T]`; `attention_mask` int32 `[B, T]`, 1 where a token may be seen: all ones is what the
 * reference computes without a mask. Output: `hidden` `[B, T, d_model]`; rows of hidden tokens are computed as well.
 */
function encode(g: Graph, config: T5EncoderConfig): void {
  const { vocab_size, d_model, num_layers, num_heads, layer_norm_epsilon } = config;
  const tokens = size("T");
  const ids = g.input("input_ids", [size("B"), tokens], "int64");
  const keyMask = g.input("attention_mask", [size("B"), tokens], "int32");

  const encoder = g.scope("encoder");
  const bias = relativePositionBias(
    encoder.scope("block.0.layer.0.SelfAttention"), // all layers use the first one's
    "relative_attention_bias",
    tokens,
    {
      buckets: config.relative_attention_num_buckets,
      maxDistance: config.relative_attention_max_distance,
      heads: num_heads,
    },
  );
  // One tensor under two names: a file has either or both.
  const table = g.has("encoder.embed_tokens.weight") ? "encoder.embed_tokens" : "shared";
  let hidden = embedding(g, table, ids, vocab_size, d_model); // [B, T, d_model]
  for (let i = 0; i < num_layers; i++)
    ({ hidden } = encoder.block(`block.${i}`, { hidden }, (inner, streams) => ({
      hidden: block(inner, streams.hidden, { config, bias, keyMask }),
    })));
  g.output("hidden", rmsNorm(encoder, "final_layer_norm", hidden, layer_norm_epsilon));
}

/** What every block needs beside its tokens. */
interface Context {
  readonly config: T5EncoderConfig;
  /** `[1, num_heads, T, T]`. */
  readonly bias: Value;
  readonly keyMask: Value;
}

function block(g: Graph, x: Value, context: Context): Value {
  const { config } = context;
  const normalized = (inner: Graph, input: Value): Value =>
    rmsNorm(inner, "layer_norm", input, config.layer_norm_epsilon);
  const [first, second] = [g.scope("layer.0"), g.scope("layer.1")];
  const attended = g.add(x, selfAttention(first.scope("SelfAttention"), normalized(first, x), context));
  return g.add(attended, feedForward(second.scope("DenseReluDense"), normalized(second, attended), config));
}

/** Attention whose scores are not divided by the square root of the head size: the initial weights made up for it. */
function selfAttention(g: Graph, x: Value, { config, bias, keyMask }: Context): Value {
  const { num_heads: heads, d_kv, d_model } = config;
  const project = (name: string): Value => linear(g, name, x, heads * d_kv, { bias: false });
  const mixed = attention(g, {
    kind: "self",
    query: project("q"),
    key: project("k"),
    value: project("v"),
    heads,
    scale: 1,
    keyMask,
    bias,
  });
  return linear(g, "o", mixed, d_model, { bias: false });
}

function feedForward(g: Graph, x: Value, { d_ff, d_model, dense_act_fn, is_gated_act }: T5EncoderConfig): Value {
  const wide = (name: string): Value => linear(g, name, x, d_ff, { bias: false });
  const active = activateAs(g, dense_act_fn, wide(is_gated_act ? "wi_0" : "wi"));
  return linear(g, "wo", is_gated_act ? g.mul(active, wide("wi_1")) : active, d_model, { bias: false });
}
