import { basename } from "node:path";
import { contentOf } from "./added-token";
import {
  type Part,
  sentinelCount,
  type TokenizerConfig,
  type TokenizerFolder,
  type TokenizerJson,
} from "./tokenizer-folder";

/** A folder whose tokenizer.json is settled: read, or built from its vocabulary files. */
export interface SettledFolder extends TokenizerFolder {
  readonly json: TokenizerJson;
}

/**
 * What transformers makes of a tokenizer folder: for CLIP, T5 and Qwen2 the class decides every part but the vocabulary,
 * whatever tokenizer.json says; the others are taken as written.
 * @param className as in `model_index.json`; tokenizer_config.json's when left out
 */
export function settle(folder: TokenizerFolder, className?: string): SettledFolder {
  const own = className === "AutoTokenizer" ? undefined : className;
  const name = String(own ?? folder.config.tokenizer_class ?? "").replace(/Fast$/, "");
  const { json } = folder;
  const model = json?.model ?? { type: "BPE", vocab: folder.vocab, merges: folder.merges };
  if (model.type === "BPE" && name === "Qwen2Tokenizer") return qwen2(folder, model as BytePairs);
  if (model.type === "BPE" && (name === "CLIPTokenizer" || json === undefined)) return clip(folder, model as BytePairs);
  const isT5 = name === "T5Tokenizer" || basename(folder.file) === "spiece.model";
  if (isT5 && model.type === "Unigram") return t5(folder, json!);
  return { ...folder, json: json! };
}

/** A byte-level BPE's vocabulary. */
interface BytePairs extends Part {
  readonly vocab: Readonly<Record<string, number>>;
  readonly merges: readonly unknown[];
}

/** https://github.com/openai/CLIP: byte-level BPE over lower-cased words with `</w>` at their end. */
function clip(folder: TokenizerFolder, { vocab, merges }: BytePairs): SettledFolder {
  const end = "<|endoftext|>";
  const config = { bos_token: "<|startoftext|>", eos_token: end, unk_token: end, pad_token: end, ...folder.config };
  const framed = (role: "bos_token" | "eos_token"): [string, number] => {
    const content = contentOf(config[role]) ?? end;
    return [content, vocab[content] ?? -1]; // the id is looked up once tokens are added
  };
  const words = "<\\|startoftext\\|>|<\\|endoftext\\|>|'s|'t|'re|'ve|'m|'ll|'d|[\\p{L}]+|[\\p{N}]|[^\\s\\p{L}\\p{N}]+";
  const json: TokenizerJson = {
    added_tokens: [],
    normalizer: sequence("normalizers", [
      { type: "NFC" },
      { type: "Replace", pattern: { Regex: "\\s+" }, content: " " },
      { type: "Lowercase" },
    ]),
    pre_tokenizer: sequence("pretokenizers", [
      { type: "Split", pattern: { Regex: words }, behavior: "Removed", invert: true },
      { type: "ByteLevel", add_prefix_space: false, use_regex: true },
    ]),
    post_processor: { type: "RobertaProcessing", sep: framed("eos_token"), cls: framed("bos_token") },
    model: {
      type: "BPE",
      vocab,
      merges,
      unk_token: framed("eos_token")[0],
      end_of_word_suffix: "</w>",
      fuse_unk: false,
    },
    padding: folder.json?.padding ?? null,
    truncation: folder.json?.truncation ?? null,
  };
  return { ...folder, json, config };
}

/** Qwen2 and Qwen3: byte-level BPE over GPT-4's words, one digit a word. */
function qwen2(folder: TokenizerFolder, { vocab, merges }: BytePairs): SettledFolder {
  const end = "<|endoftext|>";
  const config = { eos_token: end, unk_token: end, pad_token: end, ...folder.config };
  const words =
    "(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+";
  const add_prefix_space = folder.config.add_prefix_space === true;
  const json: TokenizerJson = {
    added_tokens: [],
    normalizer: { type: "NFC" },
    pre_tokenizer: sequence("pretokenizers", [
      { type: "Split", pattern: { Regex: words }, behavior: "Isolated", invert: false },
      { type: "ByteLevel", add_prefix_space, use_regex: false },
    ]),
    post_processor: folder.json?.post_processor ?? null,
    model: { type: "BPE", vocab, merges, fuse_unk: false },
    padding: folder.json?.padding ?? null,
    truncation: folder.json?.truncation ?? null,
  };
  return { ...folder, json, config };
}

/** T5: sentencepiece over whitespace-separated words, with the model's own character map when the file has one. */
function t5(folder: TokenizerFolder, json: TokenizerJson): SettledFolder {
  const eos = "</s>";
  const config = { eos_token: eos, unk_token: "<unk>", pad_token: "<pad>", ...folder.config };
  const given =
    json.normalizer?.type === "Sequence" ? (json.normalizer.normalizers as readonly Part[]) : [json.normalizer];
  const pre_tokenizer = sequence("pretokenizers", [
    { type: "WhitespaceSplit" },
    { type: "Metaspace", replacement: "▁", prepend_scheme: "always", split: true },
  ]);
  // Of spiece.model they are its own kinds of pieces; those of a tokenizer.json are among the folder's.
  const added_tokens = basename(folder.file) === "spiece.model" ? json.added_tokens : [];
  const normalizer = given.find((part) => part?.type === "Precompiled") ?? null;
  const single = [{ Sequence: { id: "A", type_id: 0 } }, { SpecialToken: { id: eos, type_id: 0 } }];
  const post_processor = { type: "TemplateProcessing", single, pair: [], special_tokens: {} };
  return {
    ...folder,
    json: { ...json, added_tokens, normalizer, pre_tokenizer, post_processor },
    config: { ...config, additional_special_tokens: withSentinels(config, sentinelCount(config, folder.path)) },
  };
}

/** The special tokens of the config, with `<extra_id_0>`, `<extra_id_1>`, ... where it names none of these. */
function withSentinels({ additional_special_tokens: given }: TokenizerConfig, count: number): unknown[] {
  const named = Array.isArray(given) ? given : [];
  if (named.some((token) => JSON.stringify(token).includes("<extra_id_"))) return named;
  return [...named, ...Array.from({ length: count }, (_, i) => `<extra_id_${i}>`)];
}

function sequence(key: "normalizers" | "pretokenizers", parts: readonly Part[]): Part {
  return { type: "Sequence", [key]: parts };
}
