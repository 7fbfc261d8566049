import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { readSmallFile, readSmallText } from "../disk/read-small-file";
import { messageOf } from "../errors/error";
import { tokenizerInvalid, tokenizerMissing } from "../errors/text";
import { isObject } from "../schema/json";
import { JsonError, parseJson } from "../schema/parse-json";
import { checkTokenizer } from "./check-tokenizer";
import { fromSentencePiece } from "./sentencepiece-model";
import { settingsOf } from "./tokenizer-settings";

/** One part of a tokenizer.json: a normalizer, a pre-tokenizer, a model, ... */
export interface Part {
  readonly type: string;
  readonly [key: string]: unknown;
}

/** A token that is looked for in the text before anything else. */
export interface AddedToken {
  readonly id: number;
  readonly content: string;
  readonly single_word: boolean;
  readonly lstrip: boolean;
  readonly rstrip: boolean;
  /** Looked for after normalization rather than before. */
  readonly normalized: boolean;
  readonly special: boolean;
}

/** An added token as a file has it. */
export interface TokenClaim extends Pick<AddedToken, "content" | "id"> {
  /** `added_tokens.json` */
  readonly file: string;
}

/** tokenizer.json, as far as it is read here. */
export interface TokenizerJson {
  readonly added_tokens: readonly AddedToken[];
  readonly normalizer: Part | null;
  readonly pre_tokenizer: Part | null;
  readonly post_processor: Part | null;
  readonly model: Part;
  readonly padding?: { readonly direction?: string; readonly pad_token?: string } | null;
  readonly truncation?: { readonly direction?: string } | null;
}

/** tokenizer_config.json: a token is a string, or an object with `content`. */
export type TokenizerConfig = Readonly<Record<string, unknown>>;

/** What a tokenizer folder of a checkpoint holds. */
export interface TokenizerFolder {
  readonly path: string;
  /** The file that the vocabulary is from: `tokenizer.json`, `vocab.json`, `spiece.model`. */
  readonly file: string;
  /** Absent when the folder has vocab.json and merges.txt instead. */
  readonly json?: TokenizerJson;
  readonly vocab?: Readonly<Record<string, number>>;
  readonly merges?: readonly string[];
  /** tokenizer_config.json, and special_tokens_map.json where that counts; empty when neither is there. */
  readonly config: TokenizerConfig;
  /** Tokens that were added after training, in the order of their ids. */
  readonly added: readonly AddedToken[];
  /** What each of the files says of added tokens, whether it counts or not. */
  readonly claims: readonly TokenClaim[];
  /** The texts of chat_template.jinja (`default`) and of additional_chat_templates, by name. */
  readonly chatTemplates: Readonly<Record<string, string>>;
  /** Sentences about what the folder has and transformers does not read; the files are named. */
  readonly warnings: readonly string[];
}

/** Gemma's 262,144 tokens and 514,906 merges are 1.8 million values. */
const vocabularyLimits = { values: 8_000_000 };

const mostSentinels = 10_000;

/**
 * Reads a diffusers `tokenizer/` folder.
 *
 * @throws SKIPSTEP_TOKENIZER_MISSING, SKIPSTEP_TOKENIZER_INVALID
 */
export function readTokenizerFolder(path: string): TokenizerFolder {
  const at = (name: string) => join(path, name);
  const object = (name: string) => (existsSync(at(name)) ? readObject(at(name)) : undefined);
  const own = object("tokenizer_config.json") ?? {};
  const vocabulary = readVocabulary(path, own);
  const files = {
    config: own,
    map: object("special_tokens_map.json"),
    added: object("added_tokens.json"),
    json: vocabulary.file === at("tokenizer.json") ? vocabulary.json : undefined,
  };
  checkTokenizer({ ...vocabulary, config: own, added: files.added });
  const settings = settingsOf(files);
  const warnings = settings.warnings.map((warning) => `${path}: ${warning}`);
  return { path, ...vocabulary, ...settings, chatTemplates: readChatTemplates(path), warnings };
}

function readVocabulary(
  path: string,
  config: TokenizerConfig,
): Pick<TokenizerFolder, "file" | "json" | "vocab" | "merges"> {
  const at = (name: string) => join(path, name);
  const file = ["tokenizer.json", "vocab.json", "spiece.model"].map(at).find((name) => existsSync(name));
  if (file === at("tokenizer.json")) return { file, json: readTokenizerJson(file) };
  if (file === at("spiece.model")) return { file, json: readSentencePiece(file, sentinelCount(config, path)) };
  if (file === undefined || !existsSync(at("merges.txt"))) throw tokenizerMissing(path);
  const vocab = readObject(file) as Record<string, number>;
  const merges = read(at("merges.txt"))
    .split(/\r?\n/)
    .filter((line) => line !== "" && !line.startsWith("#version"));
  return { file, vocab, merges };
}

function readChatTemplates(path: string): Record<string, string> {
  const folder = join(path, "additional_chat_templates");
  const others = existsSync(folder) ? readdirSync(folder).filter((name) => name.endsWith(".jinja")) : [];
  const templates = others.map((name) => [name.replace(/\.jinja$/, ""), read(join(folder, name))]);
  const first = join(path, "chat_template.jinja");
  return { ...(existsSync(first) ? { default: read(first) } : {}), ...Object.fromEntries(templates) };
}

function readTokenizerJson(file: string): TokenizerJson {
  const json = readObject(file);
  const { model, added_tokens: added = [] } = json;
  if (!isObject(model) || !("vocab" in model)) throw tokenizerInvalid(file, 'it has no "model" with a "vocab"');
  if (!Array.isArray(added)) throw tokenizerInvalid(file, '"added_tokens" is no list');
  const defaults = { normalizer: null, pre_tokenizer: null, post_processor: null };
  // The model's type was left out before tokenizers 0.10; the keys tell.
  const type = model.type ?? (Array.isArray(model.vocab) ? "Unigram" : "merges" in model ? "BPE" : "WordPiece");
  return { ...defaults, ...json, added_tokens: added, model: { ...model, type } } as unknown as TokenizerJson;
}

/** How many `<extra_id_0>`, `<extra_id_1>`, ... a T5 tokenizer has. @throws SKIPSTEP_TOKENIZER_INVALID */
export function sentinelCount({ extra_ids = 100 }: TokenizerConfig, folder: string): number {
  if (Number.isInteger(extra_ids) && (extra_ids as number) >= 0 && (extra_ids as number) <= mostSentinels)
    return extra_ids as number;
  throw tokenizerInvalid(
    join(folder, "tokenizer_config.json"),
    `"extra_ids" must be an integer from 0 to ${mostSentinels}, found ${JSON.stringify(extra_ids)}`,
  );
}

function readSentencePiece(file: string, sentinels: number): TokenizerJson {
  const bytes = reading(file, () => readSmallFile(file));
  try {
    return fromSentencePiece(bytes, sentinels);
  } catch (error) {
    throw tokenizerInvalid(file, `it is no sentencepiece model (${messageOf(error)})`, error);
  }
}

function readObject(file: string): Record<string, unknown> {
  const text = read(file);
  let value: unknown;
  try {
    value = parseJson(text, vocabularyLimits);
  } catch (error) {
    throw tokenizerInvalid(file, `it ${error instanceof JsonError ? error.message : messageOf(error)}`, error);
  }
  if (!isObject(value)) throw tokenizerInvalid(file, "it holds no JSON object");
  return value;
}

function read(file: string): string {
  return reading(file, () => readSmallText(file));
}

function reading<Content>(file: string, read: () => Content): Content {
  try {
    return read();
  } catch (error) {
    throw tokenizerInvalid(file, `it cannot be read (${messageOf(error)})`, error);
  }
}
