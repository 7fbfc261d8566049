import type { Architecture, Warn } from "../../architecture/architecture";
import { allOf, count, layerCount, most, optionalCount } from "../../architecture/config-option";
import { defineConfig } from "../../architecture/define-config";
import { transformersOptionsFixed, transformersOptionsWithoutEffect } from "../../architecture/transformers-config";
import { modelOptions } from "../../errors/models";
import type { Graph } from "../../graph/graph";
import type { Value } from "../../graph/value";
import { flag, number, optionalNumber, supported } from "../../schema/option";
import { languageModelParts } from "./language-model-parts";
import { qwen3File } from "./llama-cpp-names";
import { type QwenLayers, qwenStates } from "./qwen-layers";
import { plainRope, ROPE_THETA, type RopeParameters } from "./rotary-tables";

/** `config.json` of Qwen3Model and Qwen3ForCausalLM. */
export interface Qwen3Config extends QwenLayers {
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
  float32: () => languageModelParts,
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

/** As `qwenStates`, with normalized queries and keys. */
export function qwen3States(g: Graph, config: Qwen3Config, last: number): Value[] {
  const { attention_bias: bias } = config;
  return qwenStates(g, config, last, { normalized: true, bias: { in: bias, out: bias } });
}
