import { createRequire } from "node:module";
import type { Root, Type } from "protobufjs/light.js";
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

/** protobufjs is loaded for the first such file: few checkpoints have one, and every text thread would wait for it. */
function modelFormat(): Type {
  const protobuf = createRequire(import.meta.url)("protobufjs/light.js") as { readonly Root: typeof Root };
  format ??= protobuf.Root.fromJSON(description).lookupType("Model");
  return format;
}

/**
 * T5's `spiece.model` as a tokenizer.json: the pieces, and behind them the sentinels, the last one first.
 * @param sentinels number of `<extra_id_0>`, `<extra_id_1>`, ...
 * @throws what protobufjs throws at bytes that are no such file
 */
export function fromSentencePiece(bytes: Uint8Array, sentinels: number): TokenizerJson {
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
