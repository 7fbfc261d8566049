import { Tokenizer as LibraryTokenizer } from "@huggingface/tokenizers";
import { messageOf, SkipstepError } from "../errors/error";
import { lengthTooShort, padTokenMissing, tokenizerInvalid, tokenizerUnsupported } from "../errors/text";
import { type AddedEmbeddings, type EmbeddingTokens, embeddingTokens } from "./added-embeddings";
import { splitAtTokens } from "./added-tokens";
import { type ApplyChatTemplate, chatTemplateOf } from "./chat-template";
import { checkIds } from "./check-ids";
import { claimWarnings } from "./claim-warnings";
import { countedIds } from "./long-text";
import { type Normalize, normalizerOf } from "./normalizer";
import { forLibrary } from "./pre-tokenizer";
import { completeAddedTokens, specialTokens } from "./special-tokens";
import { type SettledFolder, settle } from "./tokenizer-class";
import { type AddedToken, readTokenizerFolder, type TokenizerFolder, type TokenizerJson } from "./tokenizer-folder";

/** How prompts become rows of ids; the defaults are transformers'. */
export interface EncodeOptions {
  /** In tokens, the special ones included. Default: the tokenizer's `modelMaxLength`. */
  readonly maxLength?: number;
  /** `"max_length"` fills every row up to `maxLength`, `"longest"` up to the longest row. Default `"none"`. */
  readonly padding?: "max_length" | "longest" | "none";
  /** Cuts rows at `maxLength`, keeping the special tokens. Default `false`. */
  readonly truncation?: boolean;
  /** Begin and end tokens, where the tokenizer has them. Default `true`. */
  readonly addSpecialTokens?: boolean;
  /** Gives the tokens as the vocabulary writes them, too. Default `false`. */
  readonly asTokens?: boolean;
  /** Called as each text is done. */
  readonly onText?: () => void;
}

/** One row a text. */
export interface Encoded {
  readonly inputIds: number[][];
  /** 1 for a token of the text, 0 for padding. */
  readonly attentionMask: number[][];
  /** Tokens of each text before the cut, the special ones included; of very long texts, those that were counted. */
  readonly lengths: number[];
  /** False for a text so long that not all of its tokens were counted. */
  readonly counted: boolean[];
  /** Which texts were cut. */
  readonly truncated: boolean[];
  /** Of each id, where that was asked for: `cat</w>`. */
  readonly tokens?: string[][];
}

/** A checkpoint's tokenizer. */
export interface Tokenizer {
  /** `model_max_length`, in tokens; Infinity when the checkpoint names none. */
  readonly modelMaxLength: number;
  /** The id that rows are filled with, when there is one. */
  readonly padId: number | undefined;
  /** Number of ids, those of added tokens included. */
  readonly size: number;
  /** Names of textual inversions, and ids of their vectors after the first. */
  readonly embeddings: readonly string[];
  readonly following: readonly number[];
  /** Sentences about files and settings of the folder that were not followed. */
  readonly warnings: readonly string[];
  /** @throws SKIPSTEP_TOKENIZER_PAD, SKIPSTEP_TOKENIZER_LENGTH */
  encode(texts: readonly string[], options?: EncodeOptions): Encoded;
  /** @throws SKIPSTEP_CHAT_TEMPLATE_MISSING, SKIPSTEP_CHAT_TEMPLATE_FAILED */
  readonly applyChatTemplate: ApplyChatTemplate;
}

/**
 * Opens a diffusers `tokenizer/` folder: tokenizer.json, or vocab.json and merges.txt of CLIP or Qwen2, or spiece.model
 * of T5. Ids are those of transformers' fast tokenizers (5.24), token by token.
 *
 * @param className the tokenizer's class in `model_index.json`: `CLIPTokenizer`
 * @param embeddings of textual inversions
 * @throws SKIPSTEP_TOKENIZER_MISSING, SKIPSTEP_TOKENIZER_INVALID, SKIPSTEP_TOKENIZER_UNSUPPORTED,
 *   SKIPSTEP_TEXTUAL_INVERSION_TOKEN, SKIPSTEP_TEXTUAL_INVERSION_UNFIT
 */
export function loadTokenizer(path: string, className?: string, embeddings?: AddedEmbeddings): Tokenizer {
  const tokenizer = told(path, "no tokenizer can be built from it", () => build(path, className, embeddings));
  return { ...tokenizer, encode: (...given) => told(path, "it fails on a text", () => tokenizer.encode(...given)) };
}

/** What the library throws, or whoever believes a file, as an error of the folder. */
function told<Result>(path: string, problem: string, work: () => Result): Result {
  try {
    return work();
  } catch (error) {
    if (error instanceof SkipstepError) throw error;
    throw tokenizerInvalid(path, `${problem} (${messageOf(error)})`, error);
  }
}

function build(path: string, className: string | undefined, embeddings: AddedEmbeddings | undefined): Tokenizer {
  const folder = settle(readTokenizerFolder(path), className);
  checkIds(folder);
  const pieces = piecesOf(folder, embeddings);
  const { config, json } = folder;
  const { idOf, bareIds, added } = pieces;
  const frame = frameOf(json, config, pieces);
  const padToken = specialTokens(config).pad_token ?? json.padding?.pad_token;
  const padId = padToken === undefined ? undefined : idOf(padToken);
  const padLeft = (config.padding_side ?? json.padding?.direction?.toLowerCase()) === "left";
  const cutLeft = (config.truncation_side ?? json.truncation?.direction?.toLowerCase()) === "left";
  const limit = config.model_max_length ?? config.max_len;
  const modelMaxLength = typeof limit === "number" && limit < 1e9 ? limit : Number.POSITIVE_INFINITY;

  const encode = (texts: readonly string[], options: EncodeOptions = {}): Encoded => {
    const { maxLength = modelMaxLength, padding = "none", truncation = false } = options;
    const { addSpecialTokens = true, asTokens = false } = options;
    const [prefix, suffix] = addSpecialTokens ? frame : [[], []];
    const room = maxLength - prefix.length - suffix.length;
    if (room < 0 || (Number.isFinite(maxLength) && !Number.isInteger(maxLength)) || Number.isNaN(room))
      throw lengthTooShort(path, maxLength, prefix.length + suffix.length);

    const bare = texts.map((text) => {
      const counted =
        truncation && Number.isFinite(room)
          ? countedIds(text, room, cutLeft, bareIds)
          : { ids: bareIds(text, 0), isWhole: true };
      options.onText?.();
      return counted;
    });
    const lengths = bare.map(({ ids }) => prefix.length + ids.length + suffix.length);
    const rows = bare.map(({ ids }) => {
      const kept =
        !truncation || ids.length <= room ? ids : cutLeft ? ids.slice(ids.length - room) : ids.slice(0, room);
      return [...prefix, ...kept, ...suffix];
    });
    const longest = Math.max(0, ...rows.map((ids) => ids.length));
    const target =
      padding === "none" ? 0 : padding === "longest" || maxLength === Number.POSITIVE_INFINITY ? longest : maxLength;
    const fill = rows.map((ids) => Math.max(0, target - ids.length));
    if (padId === undefined && padding !== "none") throw padTokenMissing(path);
    const pad = (row: number[], count: number, value: number) => {
      const filling = new Array<number>(count).fill(value);
      return padLeft ? [...filling, ...row] : [...row, ...filling];
    };
    const inputIds = rows.map((ids, i) => pad(ids, fill[i]!, padId ?? 0));
    return {
      inputIds,
      attentionMask: rows.map((ids, i) =>
        pad(
          ids.map(() => 1),
          fill[i]!,
          0,
        ),
      ),
      lengths,
      counted: bare.map(({ isWhole }) => isWhole),
      truncated: lengths.map((length, i) => truncation && (length > maxLength || !bare[i]!.isWhole)),
      ...(asTokens ? { tokens: inputIds.map((ids) => ids.map(pieces.tokenOf)) } : {}),
    };
  };
  const warnings = [...folder.warnings, ...claimWarnings(folder, added)];
  return {
    modelMaxLength,
    padId,
    size: pieces.size,
    embeddings: embeddings?.tokens.map(([token]) => token!) ?? [],
    following: [...pieces.vectors.values()].flatMap(([, ...following]) => following),
    warnings,
    encode,
    applyChatTemplate: chatTemplateOf(folder),
  };
}

/** The tokenizer without its framing: text to ids, token to id. */
interface Pieces {
  readonly library: LibraryTokenizer;
  readonly added: readonly AddedToken[];
  readonly size: number;
  readonly idOf: (token: string) => number | undefined;
  readonly tokenOf: (id: number) => string;
  /** Of textual inversions: ids of all vectors by the id of the first. */
  readonly vectors: EmbeddingTokens["vectors"];
  /** @param start where the text begins in the whole one */
  readonly bareIds: (text: string, start: number) => number[];
}

/**
 * The library's model and pre-tokenizer between our own search for added tokens: the library's also finds an added
 * token in the normalized text ("<|IM_START|>" would become the special token), and knows no `single_word`.
 */
function piecesOf({ path, json, config, file, added: given }: SettledFolder, embeddings?: AddedEmbeddings): Pieces {
  const library = new LibraryTokenizer(
    { ...json, added_tokens: [], normalizer: null, pre_tokenizer: forLibrary(json.pre_tokenizer, file), decoder: null },
    {},
  );
  const model = library.model!;
  if (json.model.dropout)
    throw tokenizerUnsupported(file, "model", `its dropout is ${json.model.dropout}, which draws lots`);
  // The library joins the texts of unknown tokens one by one, which takes the square of their number.
  const fusesUnknown = model.fuse_unk === true;
  model.fuse_unk = false;
  const own = completeAddedTokens(
    [...json.added_tokens, ...given],
    config,
    (token) => model.tokens_to_ids.get(token),
    model.tokens_to_ids.size,
  );
  const ownSize = model.tokens_to_ids.size + own.filter(({ content }) => !model.tokens_to_ids.has(content)).length;
  const isKnown = (token: string): boolean =>
    model.tokens_to_ids.has(token) || own.some(({ content }) => content === token);
  const learned = embeddings && embeddingTokens(embeddings, path, isKnown, ownSize);
  const vectors = learned?.vectors ?? new Map<number, readonly number[]>();
  const added = [...own, ...(learned?.added ?? [])];
  const sought = config.split_special_tokens === true ? added.filter(({ special }) => !special) : added;
  const addedIds = new Map(added.map((token) => [token.content, token.id]));
  const idOf = (token: string) => addedIds.get(token) ?? model.tokens_to_ids.get(token);

  const normalize: Normalize = normalizerOf(json.normalizer);
  const keyed = (tokens: AddedToken[], key: (token: AddedToken) => string) =>
    new Map(tokens.map((token) => [key(token), token]));
  const raw = splitAtTokens(
    keyed(
      sought.filter((token) => !token.normalized),
      (token) => token.content,
    ),
  );
  const normalized = splitAtTokens(
    keyed(
      sought.filter((token) => token.normalized),
      (token) => normalize(token.content),
    ),
  );

  const wordIds = (text: string, isFirst: boolean): number[] => {
    const words = library.pre_tokenizer?.pre_tokenize(text, { section_index: isFirst ? 0 : 1 }) ?? [text];
    const ids = model(words).flatMap((token) => model.tokens_to_ids.get(token) ?? model.unk_token_id ?? []);
    return fusesUnknown ? ids.filter((id, i) => id !== model.unk_token_id || ids[i - 1] !== id) : ids;
  };
  const bareIds = (text: string, start: number): number[] =>
    raw(text).flatMap((outer) => {
      if ("token" in outer) return [outer.token.id];
      return normalized(normalize(outer.text)).flatMap((inner) =>
        "token" in inner
          ? (vectors.get(inner.token.id) ?? [inner.token.id])
          : wordIds(inner.text, start + outer.start + inner.start === 0),
      );
    });
  // With learned tokens it counts on from the text encoder's rows.
  const size = learned ? embeddings!.firstId + learned.added.length : ownSize;
  return { library, added, size, idOf, vectors, tokenOf: tokensById(model.tokens_to_ids, added), bareIds };
}

/** Tokens by id, looked through when one is first asked for. */
function tokensById(vocabulary: ReadonlyMap<string, number>, added: readonly AddedToken[]): (id: number) => string {
  let known: Map<number, string> | undefined;
  return (id) => {
    known ??= new Map([
      ...[...vocabulary].map(([token, own]) => [own, token] as const),
      ...added.map(({ content, id: own }) => [own, content] as const),
    ]);
    return known.get(id) ?? "";
  };
}

/** Ids before and after each text, as the post-processor, or without one `add_bos_token` and `add_eos_token` set them. */
function frameOf(json: TokenizerJson, config: TokenizerFolder["config"], pieces: Pieces): [number[], number[]] {
  const ids = (tokens: readonly (string | undefined)[]) =>
    tokens.flatMap((token) => (token === undefined ? [] : (pieces.idOf(token) ?? [])));
  if (json.post_processor === null) {
    const { bos_token, eos_token } = specialTokens(config);
    return [
      ids(config.add_bos_token === true ? [bos_token] : []),
      ids(config.add_eos_token === true ? [eos_token] : []),
    ];
  }
  const text = "\u0000";
  const { tokens } = pieces.library.post_processor!.post_process([text], null, true);
  const at = tokens.indexOf(text);
  return [ids(tokens.slice(0, at)), ids(tokens.slice(at + 1))];
}
