import { embeddingToken, tokenizerLarger } from "../errors/textual-inversion";
import { addedToken } from "./added-token";
import type { AddedToken } from "./tokenizer-folder";

/** Tokens that textual inversions add. */
export interface AddedEmbeddings {
  /** Of each, one token a vector: `["<cat>", "<cat>_1", "<cat>_2"]`. The first stands for all in a prompt. */
  readonly tokens: readonly (readonly string[])[];
  /** The text encoder's row of the first vector; the others follow. */
  readonly firstId: number;
}

/** What they are to a tokenizer. */
export interface EmbeddingTokens {
  readonly added: readonly AddedToken[];
  /** Ids of all vectors by the id of the first. */
  readonly vectors: ReadonlyMap<number, readonly number[]>;
}

/**
 * As diffusers' `load_textual_inversion` adds tokens: looked for behind normalization, within words as well.
 * @param path of the tokenizer @param isKnown whether a token is in the vocabulary @param size ids without them
 * @throws SKIPSTEP_TEXTUAL_INVERSION_TOKEN for one that the vocabulary has, SKIPSTEP_TEXTUAL_INVERSION_UNFIT
 */
export function embeddingTokens(
  { tokens, firstId }: AddedEmbeddings,
  path: string,
  isKnown: (token: string) => boolean,
  size: number,
): EmbeddingTokens {
  if (size > firstId) throw tokenizerLarger(path, size, firstId);
  const known = tokens.flat().find(isKnown);
  if (known !== undefined) throw embeddingToken(known, `is in the vocabulary of ${path} already`);
  const added = tokens.flat().map((content, i) => addedToken({ content, id: firstId + i }));
  const vectors = new Map<number, readonly number[]>();
  let next = firstId;
  for (const names of tokens) {
    vectors.set(
      next,
      names.map((_, i) => next + i),
    );
    next += names.length;
  }
  return { added, vectors };
}
