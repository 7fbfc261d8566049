import { didYouMean } from "../errors/nearest";

/** Keys of tokenizer_config.json that decide about ids. */
const used = [
  ...["model_max_length", "max_len", "padding_side", "truncation_side", "split_special_tokens", "extra_ids"],
  ...["added_tokens_decoder", "additional_special_tokens", "extra_special_tokens", "add_bos_token", "add_eos_token"],
  ...["bos_token", "eos_token", "unk_token", "sep_token", "pad_token", "cls_token", "mask_token"],
  ...["chat_template", "tokenizer_class", "add_prefix_space"],
];

/**
 * Keys that the tokenizers which transformers 5 makes of CLIP's, T5's and Qwen's folders take no notice of: of slow
 * tokenizers, of decoding, of training, of what a call may say for itself, and notes on files.
 */
const withoutEffect = [
  ...["do_lower_case", "strip_accents", "errors", "legacy", "sp_model_kwargs", "keep_accents", "trim_offsets"],
  ...["do_basic_tokenize", "never_split", "tokenize_chinese_chars", "remove_space", "use_fast", "from_slow"],
  ...["clean_up_tokenization_spaces", "clean_up_tokenization_spaces_for_bpe_even_though_it_will_corrupt_output"],
  ...["spaces_between_special_tokens", "use_default_system_prompt", "response_schema", "response_template"],
  ...["chat_control_tokens", "model_specific_special_tokens", "model_input_names", "return_token_type_ids"],
  ...["max_length", "stride", "truncation_strategy", "pad_to_multiple_of", "pad_token_type_id", "verbose"],
  ...["backend", "files_loaded", "fast_tokenizer_files", "name_or_path", "special_tokens_map_file", "tokenizer_file"],
  ...["vocab_file", "merges_file", "is_local", "local_files_only", "processor_class", "auto_map", "tokenizer_type"],
  ...["vocab_size", "device_map", "padding", "truncation", "bos_token_id", "eos_token_id", "pad_token_id"],
];

/** Sentences about keys of a tokenizer_config.json that nothing takes notice of, here as in transformers. */
export function strangeKeys(config: Readonly<Record<string, unknown>>): string[] {
  const known = [...used, ...withoutEffect];
  return Object.keys(config)
    .filter((key) => !key.startsWith("_") && !known.includes(key) && !isToken(key, config[key]))
    .map((key) => `there is no setting "${key}"; it is ignored, as transformers ignores it.${didYouMean(key, known)}`);
}

/** A token under a name of its own, `image_token`: transformers adds each. */
export function isToken(key: string, value: unknown): boolean {
  return key.endsWith("_token") && (typeof value === "string" || (typeof value === "object" && value !== null));
}
