import { tokenOutOfRange } from "../errors/text";
import { embeddingsUnused, tokensUnembedded } from "../report/warnings";
import type { OpenTokenizer } from "../text/open-tokenizer";

/** A text encoder, as far as its tokenizer has to fit it. */
export interface EncoderRows {
  readonly name: string;
  readonly className: string | undefined;
  /** Tokens that it has embeddings for. */
  readonly rows: number;
}

/** Rows that a T5 or Qwen may have beyond its tokens: their authors round up (32100 to 32128, 151669 to 151936). */
const SPARE_ROWS = 512;

/** Where text encoder and tokenizer seem to be of two checkpoints. CLIP has an embedding a token, and no more. */
export function rowWarnings({ name, className = "", rows }: EncoderRows, tokenizer: string, ids: number): string[] {
  const spare = className.startsWith("CLIP") ? 0 : SPARE_ROWS;
  if (rows > ids + spare) return [embeddingsUnused(name, tokenizer, rows, ids)];
  return ids > rows ? [tokensUnembedded(name, tokenizer, rows, ids)] : [];
}

/** A tokenizer that throws SKIPSTEP_TOKEN_OUT_OF_RANGE for a prompt with a token that the encoder has no embedding for. */
export function refusing(tokenizer: OpenTokenizer, { name, rows }: EncoderRows): OpenTokenizer {
  if (tokenizer.size <= rows) return tokenizer;
  const encode: OpenTokenizer["encode"] = async (texts, options, signal) => {
    const encoded = await tokenizer.encode(texts, options, signal);
    for (const [i, ids] of encoded.inputIds.entries()) {
      const id = ids.find((one) => one >= rows);
      if (id !== undefined) throw tokenOutOfRange(name, texts[i]!, id, rows);
    }
    return encoded;
  };
  return { ...tokenizer, encode };
}
