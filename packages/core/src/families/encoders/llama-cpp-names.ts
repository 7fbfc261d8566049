import type { ModelFile } from "../../weights/single-file/model-file";
import type { Rule } from "../../weights/single-file/rules";

/** T5's encoder as llama.cpp names it, https://github.com/ggml-org/llama.cpp, to T5EncoderModel. */
export const llamaCppT5Names: readonly Rule[] = [
  ["token_embd", "shared"],
  ...["q", "k", "v", "o"].map(
    (name): Rule => [`enc.blk.*.attn_${name}`, `encoder.block.*.layer.0.SelfAttention.${name}`],
  ),
  ["enc.blk.*.attn_rel_b", "encoder.block.*.layer.0.SelfAttention.relative_attention_bias"],
  ["enc.blk.*.attn_norm", "encoder.block.*.layer.0.layer_norm"],
  ["enc.blk.*.ffn_gate", "encoder.block.*.layer.1.DenseReluDense.wi_0"],
  ["enc.blk.*.ffn_up", "encoder.block.*.layer.1.DenseReluDense.wi_1"],
  ["enc.blk.*.ffn_down", "encoder.block.*.layer.1.DenseReluDense.wo"],
  ["enc.blk.*.ffn_norm", "encoder.block.*.layer.1.layer_norm"],
  ["enc.output_norm", "encoder.final_layer_norm"],
];

/** Qwen3 as llama.cpp names it. */
export const llamaCppQwenNames: readonly Rule[] = [
  ["token_embd", "model.embed_tokens"],
  ["output_norm", "model.norm"],
  ["output", "lm_head"],
  ...["q", "k", "v"].map((name): Rule => [`blk.*.attn_${name}`, `model.layers.*.self_attn.${name}_proj`]),
  ["blk.*.attn_output", "model.layers.*.self_attn.o_proj"],
  ["blk.*.attn_q_norm", "model.layers.*.self_attn.q_norm"],
  ["blk.*.attn_k_norm", "model.layers.*.self_attn.k_norm"],
  ["blk.*.attn_norm", "model.layers.*.input_layernorm"],
  ["blk.*.ffn_norm", "model.layers.*.post_attention_layernorm"],
  ...["gate", "up", "down"].map((name): Rule => [`blk.*.ffn_${name}`, `model.layers.*.mlp.${name}_proj`]),
];

export const t5File: ModelFile = {
  mark: /^encoder\.block\.0\.layer\.0\.SelfAttention\.q\.weight$/,
  prefixes: [{ text: "text_encoders.t5xxl.transformer." }],
  layouts: [{ title: "llama.cpp", mark: /^enc\.blk\.0\./, rules: () => llamaCppT5Names }],
  // The same table under two names: one of them is asked for.
  unneeded: /^((decoder|lm_head)\.|(shared|encoder\.embed_tokens)\.weight$)/,
};

export const qwen3File: ModelFile = {
  mark: /^(model\.)?layers\.0\.self_attn\.q_norm\.weight$/,
  prefixes: [{ text: "text_encoders.qwen3_4b.transformer." }, { text: "text_encoders.qwen3_8b.transformer." }],
  layouts: [{ title: "llama.cpp", mark: /^blk\.0\.attn_q_norm\./, rules: () => llamaCppQwenNames }],
  // Images are made from the states before the last layer's.
  unneeded: /^lm_head\./,
};

/** The language model of Qwen2.5-VL. llama.cpp's files have no other; in transformers' there are two layouts. */
export const qwen25VlFile: ModelFile = {
  mark: /^(model\.)?layers\.0\.self_attn\.q_proj\.bias$/,
  prefixes: [{ text: "text_encoders.qwen25_7b.transformer." }],
  layouts: [
    { title: "llama.cpp", mark: /^blk\.0\.attn_q\.bias$/, rules: () => llamaCppQwenNames },
    { title: "transformers", mark: /^model\.language_model\.layers\.0\./, rules: () => transformersQwenVlNames },
  ],
  unneeded: /^lm_head\./,
  notRun: { tensors: /^visual\./, what: "the model that sees images" },
};

/** Since transformers 4.52 both models lie in one module. */
const transformersQwenVlNames: readonly Rule[] = [
  ["model.language_model", "model"],
  ["model.visual", "visual"],
];
