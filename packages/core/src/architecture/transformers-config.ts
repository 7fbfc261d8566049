import type { JsonSchema } from "../schema/json-schema";

/**
 * Options of transformers' config.json files that say nothing of what an encoder computes: notes on the file, training,
 * dropout, and the text generation settings that old versions wrote into every config.
 */
export const transformersOptionsWithoutEffect: readonly string[] = [
  ...["architectures", "model_type", "transformers_version", "torch_dtype", "dtype", "tokenizer_class", "prefix"],
  ...["initializer_range", "initializer_factor", "attention_dropout", "dropout", "chunk_size_feed_forward"],
  ...["tie_word_embeddings", "tie_encoder_decoder", "torchscript", "use_bfloat16", "tf_legacy_loss"],
  ...["return_dict", "output_attentions", "output_hidden_states", "output_scores", "use_cache"],
  ...["bos_token_id", "eos_token_id", "pad_token_id", "sep_token_id", "decoder_start_token_id"],
  ...["is_decoder", "is_encoder_decoder", "add_cross_attention", "cross_attention_hidden_size"],
  ...["id2label", "label2id", "finetuning_task", "problem_type", "task_specific_params"],
  ...["max_length", "min_length", "do_sample", "early_stopping", "num_beams", "num_beam_groups", "diversity_penalty"],
  ...["temperature", "top_k", "top_p", "typical_p", "repetition_penalty", "length_penalty", "num_return_sequences"],
  ...["no_repeat_ngram_size", "encoder_no_repeat_ngram_size", "bad_words_ids", "return_dict_in_generate"],
  ...["forced_bos_token_id", "forced_eos_token_id", "remove_invalid_values", "exponential_decay_length_penalty"],
  ...["suppress_tokens", "begin_suppress_tokens", "num_labels"],
  ...["attn_implementation", "experts_implementation", "tie_last_hidden_states"],
];

/** Options that transformers' base class knows, with the values that change nothing: pruned heads, attention of another reach. */
export const transformersOptionsFixed: Readonly<Record<string, JsonSchema>> = {
  pruned_heads: { type: ["object", "null"], maxProperties: 0 },
  is_causal: { enum: [true, null] },
  attention_chunk_size: { type: "null" },
  per_layer_config: { type: ["object", "null"], maxProperties: 0 },
};
