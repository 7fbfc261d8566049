import type { Architecture, Warn } from "../../architecture/architecture";
import { allOf, count, layerCount, optionalCount } from "../../architecture/config-option";
import { defineConfig } from "../../architecture/define-config";
import { transformersOptionsFixed, transformersOptionsWithoutEffect } from "../../architecture/transformers-config";
import { modelOptions } from "../../errors/models";
import type { Graph } from "../../graph/graph";
import { isObject } from "../../schema/json";
import type { OptionSchemas } from "../../schema/option";
import { number, optionalNumber, supported } from "../../schema/option";
import { languageModelParts } from "./language-model-parts";
import { qwen25VlFile } from "./llama-cpp-names";
import { type QwenLayers, qwenStates } from "./qwen-layers";
import { multimodalRope, type RopeParameters } from "./rotary-tables";

/** `config.json` of Qwen2_5_VLForConditionalGeneration, of which the part that reads texts counts. */
export interface Qwen25VlConfig extends QwenLayers {
  readonly rope_theta: number;
}

/** As the file has it; transformers 5 moved `rope_theta` into `rope_parameters`. */
interface Qwen25VlFile extends Omit<Qwen25VlConfig, "num_key_value_heads" | "head_dim" | "rope_theta"> {
  readonly num_key_value_heads: number | null;
  readonly rope_theta: number | null;
  readonly rope_parameters: RopeParameters | null;
  readonly rope_scaling: RopeParameters | null;
  readonly hidden_act: string;
  readonly use_sliding_window: boolean | null;
  readonly layer_types: readonly string[] | null;
}

const CLASS_NAME = "Qwen2_5_VLForConditionalGeneration";
/** Where a file says nothing. */
const ROPE_THETA = 1_000_000;

const options: OptionSchemas<Qwen25VlFile> = {
  vocab_size: count(152_064),
  hidden_size: count(8192),
  intermediate_size: count(29_568),
  num_hidden_layers: layerCount(80),
  num_attention_heads: count(64),
  num_key_value_heads: optionalCount(8),
  hidden_act: supported("silu"),
  rms_norm_eps: number(1e-5),
  rope_theta: optionalNumber(null, { exclusiveMinimum: 0 }),
  rope_parameters: multimodalRope,
  rope_scaling: multimodalRope,
  use_sliding_window: supported<boolean | null>(false, null),
  layer_types: { ...allOf("full_attention", []), type: ["array", "null"], default: null },
};

const withoutEffect = [
  ...transformersOptionsWithoutEffect,
  ...["max_position_embeddings", "sliding_window", "max_window_layers"],
  ...["vision_config", "image_token_id", "video_token_id"],
  ...["vision_start_token_id", "vision_end_token_id", "vision_token_id"],
];

const parseText = defineConfig<Qwen25VlFile>(CLASS_NAME, options, { withoutEffect, fixed: transformersOptionsFixed });

/** What stands beside a `text_config`: the same options, which do not count then. */
const parseOuter = defineConfig<object>(
  CLASS_NAME,
  {},
  { withoutEffect: [...withoutEffect, ...Object.keys(options), ...Object.keys(transformersOptionsFixed)] },
);

/**
 * The language model of Qwen2.5-VL as a text encoder, https://arxiv.org/abs/2502.13923: its last hidden states, after the
 * final norm. The model that sees images is not run: without images, positions on several axes are the text's own.
 */
export const qwen25Vl: Architecture<Qwen25VlConfig> = {
  className: CLASS_NAME,
  file: qwen25VlFile,
  parse,
  entries: { encode },
  float32: () => languageModelParts,
};

/** Older files have the text's options among all others, newer ones in `text_config`, and many have both. */
function parse(raw: unknown, warn?: Warn): Qwen25VlConfig {
  const { text_config, ...outer } = isObject(raw) ? raw : {};
  const isNested = isObject(text_config);
  if (isNested) parseOuter(outer, warn);
  const parsed = parseText(isNested ? text_config : isObject(raw) ? outer : raw, warn);
  const { hidden_act, use_sliding_window, layer_types, rope_parameters, rope_scaling, ...file } = parsed;
  const { num_attention_heads: heads, hidden_size } = file;
  const num_key_value_heads = file.num_key_value_heads ?? heads;
  const problems = [
    ...(heads % num_key_value_heads === 0
      ? []
      : [`"num_key_value_heads" must divide ${heads} heads, found ${num_key_value_heads}`]),
    ...(hidden_size % (2 * heads) === 0
      ? []
      : [`"hidden_size" must be a multiple of twice "num_attention_heads" (${heads}), found ${hidden_size}`]),
  ];
  if (problems.length > 0) throw modelOptions(CLASS_NAME, problems);
  const rope = rope_scaling && Object.keys(rope_scaling).length > 0 ? rope_scaling : rope_parameters;
  const rope_theta = rope?.rope_theta ?? file.rope_theta ?? ROPE_THETA;
  return Object.freeze({ ...file, num_key_value_heads, head_dim: hidden_size / heads, rope_theta });
}

/** Inputs as `qwenStates`. Output: `hidden` `[B, T, hidden_size]`; rows of padding hold no meaning. */
function encode(g: Graph, config: Qwen25VlConfig): void {
  const states = qwenStates(g, config, config.num_hidden_layers, {
    normalized: false,
    bias: { in: true, out: false },
  });
  g.output("hidden", states.at(-1)!);
}
