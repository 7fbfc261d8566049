import { tokenizerInvalid } from "../errors/text";
import { isObject } from "../schema/json";
import { contentOf } from "./added-token";
import type { TokenizerConfig, TokenizerFolder, TokenizerJson } from "./tokenizer-folder";

/** Letters of one token: far more than any vocabulary has, and no more than a pattern of many tokens can hold. */
const longestToken = 1000;
/** Added tokens. */
const mostAdded = 100_000;

interface CheckedFiles extends Pick<TokenizerFolder, "file" | "json" | "vocab" | "config"> {
  /** added_tokens.json: ids by content. */
  readonly added: TokenizerConfig | undefined;
}

/**
 * Looks at what is taken from a tokenizer's files for granted later on: the library that works with them says of other
 * types only that something is no function. Which ids there may be, and how many sentinels, is looked at later.
 * @throws SKIPSTEP_TOKENIZER_INVALID
 */
export function checkTokenizer({ file, json, vocab, config, added }: CheckedFiles): void {
  const problem =
    (json ? jsonProblem(json) : vocabProblem(vocab)) ??
    configProblem(config) ??
    (added && vocabProblem(added, "added_tokens.json"));
  if (problem !== undefined) throw tokenizerInvalid(file, problem);
}

function jsonProblem({ added_tokens: added, model, ...parts }: TokenizerJson): string | undefined {
  for (const name of ["normalizer", "pre_tokenizer", "post_processor"] as const)
    if (!isPart(parts[name])) return `"${name}" is no object with a "type"`;
  if (added.length > mostAdded) return `it has ${added.length} added tokens, and ${mostAdded} is the most`;
  const broken = added.findIndex(
    (token) => !isObject(token) || !isToken(token.content) || typeof token.id !== "number",
  );
  if (broken >= 0) return `added token ${broken} has no "content" of 1 to ${longestToken} letters or no "id"`;
  if (typeof model.type !== "string") return '"model" has no "type"';
  return model.type === "Unigram" ? piecesProblem(model) : (vocabProblem(model.vocab) ?? mergesProblem(model.merges));
}

/** A normalizer or another part; of several in a row, each. */
function isPart(part: unknown): boolean {
  if (part === null || part === undefined) return true;
  if (!isObject(part) || typeof part.type !== "string") return false;
  const inner = [part.normalizers, part.pretokenizers, part.processors].find((list) => list !== undefined);
  return part.type !== "Sequence" || (Array.isArray(inner) && inner.every((one) => one !== null && isPart(one)));
}

function vocabProblem(vocab: unknown, name = "its vocabulary"): string | undefined {
  if (!isObject(vocab)) return `${name} is no object of tokens and ids`;
  for (const token in vocab)
    if (typeof vocab[token] !== "number") return `the id of "${token}" in ${name} is no number`;
  return undefined;
}

function piecesProblem({ vocab, unk_id: unknown }: Readonly<Record<string, unknown>>): string | undefined {
  if (!Array.isArray(vocab)) return "its vocabulary is no list of pieces";
  const broken = vocab.findIndex(
    (pair: unknown) => !Array.isArray(pair) || typeof pair[0] !== "string" || typeof pair[1] !== "number",
  );
  if (broken >= 0) return `entry ${broken} of its vocabulary is no pair of a piece and a score`;
  const isPlace =
    unknown === null || unknown === undefined || (Number.isInteger(unknown) && Object.hasOwn(vocab, unknown as number));
  return isPlace ? undefined : '"unk_id" is none of its vocabulary';
}

function mergesProblem(merges: unknown): string | undefined {
  if (merges === undefined) return undefined; // of WordPiece
  if (!Array.isArray(merges)) return '"merges" is no list';
  const broken = merges.findIndex((merge: unknown) => !isMerge(merge));
  return broken < 0 ? undefined : `merge ${broken} is no pair of tokens`;
}

/** `"a b"`, or `["a", "b"]`. */
function isMerge(merge: unknown): boolean {
  const pair: unknown = typeof merge === "string" ? merge.split(" ") : merge;
  return Array.isArray(pair) && pair.length === 2 && pair.every((part) => typeof part === "string");
}

function configProblem(config: TokenizerConfig): string | undefined {
  const { added_tokens_decoder: decoder } = config;
  if (decoder !== undefined && decoder !== null && !(isObject(decoder) && Object.values(decoder).every(isDecoded)))
    return '"added_tokens_decoder" of its config is no object of ids and tokens';
  const lists = [config.additional_special_tokens, config.extra_special_tokens].filter(Array.isArray).flat();
  const roles = Object.entries(config).flatMap(([key, value]) => (key.endsWith("_token") ? [value] : []));
  const long = [...roles, ...lists].find((token) => (contentOf(token)?.length ?? 0) > longestToken);
  return long === undefined ? undefined : `its config has a token of more than ${longestToken} letters`;
}

function isDecoded(token: unknown): boolean {
  return isObject(token) && isToken(token.content);
}

function isToken(value: unknown): value is string {
  return typeof value === "string" && value.length >= 1 && value.length <= longestToken;
}
