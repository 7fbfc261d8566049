import type { Architecture } from "../../architecture/architecture";
import { count, layerCount, most } from "../../architecture/config-option";
import { defineConfig } from "../../architecture/define-config";
import { transformersOptionsFixed, transformersOptionsWithoutEffect } from "../../architecture/transformers-config";
import { modelOptions } from "../../errors/models";
import { type Dim, size } from "../../graph/dim";
import type { Graph } from "../../graph/graph";
import { attention, embedding, layerNorm, linear } from "../../graph/layers";
import type { Value } from "../../graph/value";
import { integer, number, type OptionSchemas, supported } from "../../schema/option";
import { activateAs, hiddenActOption, type TransformersActivation } from "../blocks/transformers-activation";
import { clipFile, projectedClipFile } from "./open-clip-names";

/** `config.json` of CLIPTextModel. */
export interface ClipTextConfig {
  readonly vocab_size: number;
  readonly hidden_size: number;
  readonly intermediate_size: number;
  readonly num_hidden_layers: number;
  readonly num_attention_heads: number;
  readonly max_position_embeddings: number;
  readonly hidden_act: TransformersActivation;
  readonly layer_norm_eps: number;
  readonly eos_token_id: number;
  readonly use_attention_mask: boolean;
}

/** `config.json` of CLIPTextModelWithProjection. */
export interface ClipTextProjectionConfig extends ClipTextConfig {
  readonly projection_dim: number;
}

const options: OptionSchemas<ClipTextConfig> = {
  vocab_size: count(49_408),
  hidden_size: count(512),
  intermediate_size: count(2048),
  num_hidden_layers: layerCount(12),
  num_attention_heads: count(8),
  max_position_embeddings: count(77, most.side),
  hidden_act: hiddenActOption("quick_gelu"),
  layer_norm_eps: number(1e-5),
  eos_token_id: integer(49_407),
  use_attention_mask: supported<boolean>(false), // diffusers hides padding from such encoders
};
const withoutEffect = transformersOptionsWithoutEffect.filter((option) => option !== "eos_token_id");

const tokenEmbedding = /^(text_model\.)?embeddings\.token_embedding\.weight$/;

const parsePlain = defineConfig<ClipTextConfig>("CLIPTextModel", options, {
  withoutEffect: [...withoutEffect, "projection_dim"],
  fixed: transformersOptionsFixed,
});
const parseProjected = defineConfig<ClipTextProjectionConfig>(
  "CLIPTextModelWithProjection",
  { ...options, projection_dim: count(512) },
  { withoutEffect, fixed: transformersOptionsFixed },
);

/**
 * The text half of CLIP, https://arxiv.org/abs/2103.00020. Weight names may begin with `text_model.`. Pipelines hide no
 * token; `encodeMasked` is for prompts in which some are.
 */
export const clipText: Architecture<ClipTextConfig> = {
  className: "CLIPTextModel",
  file: clipFile,
  tokenEmbedding,
  mainEntry: "encode",
  parse: (raw, warn) => checked("CLIPTextModel", parsePlain(raw, warn)),
  entries: {
    encode: (g, config) => summed(g, encode(g, config)),
    encodeMasked: (g, config) => summed(g, encode(g, config, maskInput(g))),
  },
};

/** CLIP's text half with the projection into the space that it shares with images. */
export const clipTextWithProjection: Architecture<ClipTextProjectionConfig> = {
  className: "CLIPTextModelWithProjection",
  file: projectedClipFile,
  tokenEmbedding,
  mainEntry: "encode",
  parse: (raw, warn) => checked("CLIPTextModelWithProjection", parseProjected(raw, warn)),
  entries: {
    encode: (g, config) => projected(g, config, encode(g, config)),
    encodeMasked: (g, config) => projected(g, config, encode(g, config, maskInput(g))),
  },
};

function summed(g: Graph, pooled: Value): void {
  g.output("pooled", pooled); // [B, hidden_size]
}

function projected(g: Graph, { projection_dim }: ClipTextProjectionConfig, pooled: Value): void {
  g.output("pooled", linear(g, "text_projection", pooled, projection_dim, { bias: false }));
}

/** `attention_mask` int32 `[B, T]`: 1 for a token that later ones see, else 0. */
function maskInput(g: Graph): Value {
  return g.input("attention_mask", [size("B"), size("T")], "int32");
}

function checked<Config extends ClipTextConfig>(className: string, config: Config): Config {
  const { hidden_size, num_attention_heads: heads } = config;
  if (hidden_size % heads === 0) return config;
  throw modelOptions(className, [`"hidden_size" must be a multiple of ${heads} heads, found ${hidden_size}`]);
}

/**
 * Shapes: B prompts, T tokens, D hidden_size, P projection_dim (D without projection).
 *
 * Which hidden state is read is an input, not a graph of its own: a prompt with clip skip and its negative prompt
 * without (as in diffusers) share one compiled model. The last layer runs in any case, for `pooled`.
 *
 * Inputs: `input_ids` int32 `[B, T]`, T at most max_position_embeddings; `layer` int64 `[]`, an index into transformers'
 * `hidden_states`: 0 enters the first layer, -1 leaves the last, -2 enters the last.
 * Outputs: `hidden` `[B, T, D]`, `hidden_states[layer]`; `normalized` `[B, T, D]`, the same after the final norm, for
 * layer -1 transformers' `last_hidden_state`; `pooled` `[B, P]`, the last state at the end token.
 * @returns the pooled state before projection
 */
function encode(g: Graph, config: ClipTextConfig, mask?: Value): Value {
  const { num_hidden_layers, layer_norm_eps, eos_token_id } = config;
  const ids = g.input("input_ids", [size("B"), size("T")], "int32");
  const chosen = g.input("layer", [], "int64");

  const model = g.has("text_model.final_layer_norm.weight") ? g.scope("text_model") : g;
  let hidden = embed(model.scope("embeddings"), ids, config); // [B, T, D]
  const states = [hidden];
  for (let i = 0; i < num_hidden_layers; i++) {
    ({ hidden } = model.block(`encoder.layers.${i}`, { hidden }, (inner, streams) => ({
      hidden: layer(inner, streams.hidden, config, mask),
    })));
    states.push(hidden);
  }

  const stacked = states.map((state) => g.unsqueeze(state, 0));
  const selected = g.gather(g.concat(stacked, 0), chosen, 0); // [B, T, D]
  g.output("hidden", selected);
  g.output("normalized", layerNorm(model, "final_layer_norm", selected, layer_norm_eps));
  return layerNorm(model, "final_layer_norm", endRows(g, hidden, ids, eos_token_id), layer_norm_eps);
}

function embed(g: Graph, ids: Value, { vocab_size, hidden_size, max_position_embeddings }: ClipTextConfig): Value {
  const tokens = ids.shape[1]!;
  const positions = g.slice(
    g.weight("position_embedding.weight", [max_position_embeddings, hidden_size]),
    0,
    0,
    tokens,
  );
  return g.add(embedding(g, "token_embedding", ids, vocab_size, hidden_size), positions);
}

function layer(g: Graph, x: Value, { layer_norm_eps, ...config }: ClipTextConfig, mask: Value | undefined): Value {
  const { num_attention_heads, intermediate_size, hidden_act, hidden_size } = config;
  const normal = layerNorm(g, "layer_norm1", x, layer_norm_eps);
  const attended = g.add(x, selfAttention(g.scope("self_attn"), normal, num_attention_heads, mask));
  const mlp = g.scope("mlp");
  const wide = linear(mlp, "fc1", layerNorm(g, "layer_norm2", attended, layer_norm_eps), intermediate_size);
  return g.add(attended, linear(mlp, "fc2", activateAs(mlp, hidden_act, wide), hidden_size));
}

function selfAttention(g: Graph, x: Value, heads: number, keyMask: Value | undefined): Value {
  const width = x.shape.at(-1) as number;
  const mixed = attention(g, {
    kind: "self",
    query: linear(g, "q_proj", x, width),
    key: linear(g, "k_proj", x, width),
    value: linear(g, "v_proj", x, width),
    heads,
    causal: true,
    ...(keyMask ? { keyMask } : {}),
  });
  return linear(g, "out_proj", mixed, width);
}

/**
 * The row of each prompt's first end token, found in 32 bits: whole numbers of 64 have no kernels on GPUs.
 * @param hidden `[B, T, D]` @param ids int32 `[B, T]` @returns `[B, D]`
 */
function endRows(g: Graph, hidden: Value, ids: Value, endToken: number): Value {
  const [batch, , width] = hidden.shape as [Dim, Dim, number];
  const isEnd = (): Value => g.node("Equal", [ids, g.constant([endToken], [1], "int32")], ids.shape, { dtype: "bool" });
  // Configs from before 2023 say 2 whatever the vocabulary is; the end token is then the one with the highest id.
  const score = endToken === 2 ? ids : g.cast(isEnd(), "int32");
  const at = g.node("ArgMax", [score], [batch, 1], { dtype: "int64", attributes: { axis: { int: 1 } } });
  return g.node("GatherND", [hidden, at], [batch, width], { attributes: { batch_dims: { int: 1 } } });
}
