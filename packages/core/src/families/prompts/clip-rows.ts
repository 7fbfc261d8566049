import { requestInvalid } from "../../errors/pipeline";
import { promptsCut } from "../../report/warnings";
import type { OpenTokenizer } from "../../text/open-tokenizer";
import { chunkers, type PromptToken } from "./chunks";
import { chunksRead } from "./prompt-notes";
import { type PromptRules, tooManyTokens } from "./prompt-settings";
import { tokensOf } from "./prompt-tokens";
import {
  isUnweighted,
  mostChunks,
  type PromptPart,
  type ReadPrompt,
  readPrompt,
  type Strand,
  wordsOf,
} from "./read-prompt";

/** Ids of one run of a text encoder, begin, end and filling included. */
export type Row = readonly number[];

/** A run, and what becomes of its states. */
export interface Chunk {
  readonly row: Row;
  /** One for each id; `undefined` where all are 1. */
  readonly weights?: readonly number[] | undefined;
}

/** A piece of a weight below 1, by compel's rules: mixed in is what the strand is without it. */
export interface Lowered {
  readonly share: number;
  /** By chunk: 0 for ids that are not to be seen. Chunks that have none of it are left out. */
  readonly masks: ReadonlyMap<number, readonly number[]>;
}

export interface StrandRows extends Pick<Strand, "share"> {
  readonly chunks: readonly Chunk[];
  readonly lowered: readonly Lowered[];
}

export interface PartRows extends Pick<PromptPart, "isNormalized" | "weight"> {
  readonly strands: readonly StrandRows[];
}

/** A prompt as runs of a text encoder. */
export interface PromptRows {
  readonly parts: readonly PartRows[];
  /** Whose state at the end token sums the prompt up. */
  readonly pooled: Row;
}

/** Prompts as runs of a text encoder. */
export interface ClipRows {
  readonly prompts: readonly PromptRows[];
  /** The empty prompt, which shorter prompts are filled up with and weights are measured from. */
  readonly empty: Row;
  /** Of the longest prompt. */
  readonly chunks: number;
  readonly rules: PromptRules;
  readonly warnings: readonly string[];
  readonly notes: readonly string[];
}

/**
 * @param limit ids of a row
 * @throws SKIPSTEP_REQUEST_INVALID for prompts of more than `mostChunks` chunks, and what the tokenizer throws
 */
export async function clipRows(
  tokenizer: OpenTokenizer,
  prompts: readonly string[],
  rules: PromptRules,
  limit: number,
  signal?: AbortSignal,
): Promise<ClipRows> {
  const whole = { maxLength: limit, padding: "max_length", truncation: true } as const;
  if (rules.weighting === "none" && !rules.isChunked) {
    const encoded = await tokenizer.encode(prompts, whole, signal);
    const plain = encoded.inputIds.map(plainRows);
    return { prompts: plain, empty: [], chunks: 1, rules, warnings: promptsCut(prompts, encoded, limit), notes: [] };
  }
  const read = prompts.map((prompt) => readPrompt(prompt, rules.weighting));
  // compel sums up what is written, brackets and all; where they say nothing that is the words alone.
  const summed =
    rules.weighting === "compel" ? read.map((one, i) => (isUnweighted(one) ? wordsOf(one) : prompts[i]!)) : [];
  const [empty, ...pooled]: Row[] = (await tokenizer.encode(["", ...summed], whole, signal)).inputIds;
  const layout: Layout = { ...rules, limit, empty: empty! };
  const found = await tokensOf(tokenizer, read, rules.weighting, mostChunks * limit, signal);
  const laid = read.map(({ parts }, i) => partsOf(parts, found[i]!.strands, layout));
  const counts = laid.map((parts) => parts.reduce((sum, { strands }) => sum + longest(strands), 0));
  const tokens = found.map(({ strands }) => Math.max(...strands.map((strand) => strand.length)));
  for (const [i, count] of counts.entries())
    if (count > mostChunks || (rules.isChunked && !found[i]!.isWhole))
      throw requestInvalid([
        `the prompt "${prompts[i]!.slice(0, 40)}" ${tooManyTokens(tokens[i]!, mostChunks * (limit - 2))}`,
      ]);
  const sizes = {
    lengths: tokens.map((count) => count + 2),
    counted: found.map(({ isWhole }) => isWhole),
    truncated: tokens.map((count, i) => !rules.isChunked && (count > limit - 2 || !found[i]!.isWhole)),
  };
  return {
    prompts: laid.map((parts, i) => ({ parts, pooled: pooled[i] ?? parts[0]!.strands[0]!.chunks[0]!.row })),
    empty: empty!,
    chunks: Math.max(1, ...counts),
    rules,
    warnings: promptsCut(prompts, sizes, limit),
    notes: counts.flatMap((count, i) =>
      count > 1 ? [chunksRead(prompts[i]!, totalOf(found[i]!.strands), count, limit - 2)] : [],
    ),
  };
}

interface Layout extends PromptRules {
  readonly limit: number;
  readonly empty: Row;
}

function plainRows(row: Row): PromptRows {
  return {
    parts: [{ strands: [{ share: 1, chunks: [{ row }], lowered: [] }], isNormalized: true, weight: 1 }],
    pooled: row,
  };
}

/** @param tokens of all strands of all parts, one behind the other */
function partsOf(parts: ReadPrompt["parts"], tokens: readonly (readonly PromptToken[])[], layout: Layout): PartRows[] {
  let next = 0;
  return parts.map(({ strands, isNormalized, weight }) => ({
    isNormalized,
    weight,
    strands: strands.map((strand) => strandOf(strand, tokens[next++]!, layout)),
  }));
}

function strandOf({ fragments, share }: Strand, tokens: readonly PromptToken[], layout: Layout): StrandRows {
  const { weighting, isChunked, limit, empty } = layout;
  const room = limit - 2;
  const chunks = isChunked ? chunkers[weighting](tokens, room) : [tokens.slice(0, room)];
  return {
    share,
    chunks: chunks.map((chunk) => ({ row: rowOf(chunk, empty), weights: weightsOf(chunk, limit) })),
    lowered:
      weighting === "compel"
        ? fragments.flatMap(({ weight }, i) => (weight < 1 ? lowered(chunks, tokens, i, weight, layout) : []))
        : [],
  };
}

/** Begin, the tokens, end, and filling. */
function rowOf(chunk: readonly PromptToken[], empty: Row): Row {
  const [begin, end, ...filling] = empty;
  return [begin!, ...chunk.map(({ id }) => id), end!, ...filling.slice(chunk.length)];
}

function weightsOf(chunk: readonly PromptToken[], limit: number): readonly number[] | undefined {
  if (chunk.every(({ weight }) => weight === 1)) return undefined;
  const weights = new Array<number>(limit).fill(1);
  for (const [i, { weight }] of chunk.entries()) weights[i + 1] = weight;
  return weights;
}

/** compel hides a piece and all filling within it; of chunks only begin and last place stay. What is cut hides the end, too. */
function lowered(
  chunks: readonly (readonly PromptToken[])[],
  tokens: readonly PromptToken[],
  fragment: number,
  weight: number,
  { isChunked, limit }: Layout,
): Lowered[] {
  const places = chunks.flatMap((chunk, c) =>
    chunk.flatMap((token, i) => (token.fragment === fragment ? [c * limit + i + 1] : [])),
  );
  if (places.length === 0) return [];
  const count = tokens.filter((token) => token.fragment === fragment).length;
  const [first, last] = [places[0]!, places.length < count ? limit - 1 : places.at(-1)!];
  const masks = new Map<number, number[]>();
  for (let c = Math.floor(first / limit); c <= Math.floor(last / limit); c++)
    masks.set(
      c,
      Array.from({ length: limit }, (_, i) => {
        const isEdge = isChunked && (i === 0 || i === limit - 1);
        return isEdge || c * limit + i < first || c * limit + i > last ? 1 : 0;
      }),
    );
  // 0 at weight 1, 1 at 0.5, and without bound towards 0.
  return [{ share: Math.tan(((1 - Math.max(1e-5, weight)) * Math.PI) / 2), masks }];
}

function longest(strands: readonly StrandRows[]): number {
  return Math.max(...strands.map(({ chunks }) => chunks.length));
}

function totalOf(strands: readonly (readonly PromptToken[])[]): number {
  return strands.reduce((sum, { length }) => sum + length, 0);
}
