import { createRequire } from "node:module";
import type { Reader, Root, Type } from "protobufjs/light.js";
import type { AddedToken, TokenizerJson } from "./tokenizer-folder";

/** Kinds of pieces: special ones, and those that are found in a text before it is cut into pieces. */
const [CONTROL, USER_DEFINED] = [3, 4];

interface Piece {
  readonly piece: string;
  readonly score: number;
  readonly type: number;
}

/** As much of https://github.com/google/sentencepiece/blob/master/src/sentencepiece_model.proto as is read here. */
const description = {
  nested: {
    Model: {
      edition: "proto2",
      fields: {
        pieces: { rule: "repeated", type: "Piece", id: 1 },
        normalizer: { type: "Normalizer", id: 3 },
      },
    },
    Piece: {
      edition: "proto2",
      fields: {
        piece: { type: "string", id: 1 },
        score: { type: "float", id: 2 },
        type: { type: "int32", id: 3, options: { default: 1 } },
      },
    },
    Normalizer: { edition: "proto2", fields: { charsmap: { type: "bytes", id: 2 } } },
  },
};

let format: Type | undefined;

/** protobufjs is loaded for the first such file: few checkpoints have one, and every text process would wait for it. */
function library(): { readonly Root: typeof Root; readonly Reader: typeof Reader } {
  return createRequire(import.meta.url)("protobufjs/light.js");
}

function modelFormat(): Type {
  format ??= library().Root.fromJSON(description).lookupType("Model");
  return format;
}

/** The largest vocabularies have 262,144. */
const mostPieces = 1_000_000;
/** Number of the field of pieces. */
const PIECES = 1;

/** Looks at how many pieces there are before one is made. */
function checkPieces(bytes: Uint8Array): void {
  const reader = library().Reader.create(bytes);
  for (let pieces = 0; reader.pos < reader.len; ) {
    const tag = reader.uint32();
    if (tag >>> 3 === PIECES && ++pieces > mostPieces) throw new RangeError(`it has more than ${mostPieces} pieces`);
    reader.skipType(tag & 7);
  }
}

/**
 * T5's `spiece.model` as a tokenizer.json: the pieces, and behind them the sentinels, the last one first.
 * @param sentinels number of `<extra_id_0>`, `<extra_id_1>`, ...
 * @throws what protobufjs throws at bytes that are no such file
 */
export function fromSentencePiece(bytes: Uint8Array, sentinels: number): TokenizerJson {
  checkPieces(bytes);
  const { pieces, normalizer } = modelFormat().decode(bytes) as unknown as {
    readonly pieces: readonly Piece[];
    readonly normalizer?: { readonly charsmap: Uint8Array };
  };
  const charsmap = Buffer.from(normalizer?.charsmap ?? []);
  const extra = Array.from({ length: sentinels }, (_, i) => [`<extra_id_${sentinels - 1 - i}>`, 0]);
  return {
    added_tokens: pieces.flatMap(({ piece, type }, id) =>
      type === CONTROL || type === USER_DEFINED ? [addedToken(id, piece, type === CONTROL)] : [],
    ),
    normalizer: charsmap.length > 0 ? { type: "Precompiled", precompiled_charsmap: charsmap.toString("base64") } : null,
    pre_tokenizer: null,
    post_processor: null,
    model: { type: "Unigram", unk_id: 2, vocab: [...pieces.map(({ piece, score }) => [piece, score]), ...extra] },
  };
}

function addedToken(id: number, content: string, special: boolean): AddedToken {
  return { id, content, special, single_word: false, lstrip: false, rstrip: false, normalized: false };
}
