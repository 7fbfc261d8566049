import { join } from "node:path";
import type { Configs } from "../loop/family";
import type { AddedEmbeddings } from "../text/added-embeddings";
import { type OpenTokenizer, openTokenizer } from "../text/open-tokenizer";
import type { Checkpoint } from "../weights/checkpoint/checkpoint";
import type { Note } from "../weights/checkpoint/note";
import { refusing, rowWarnings } from "./token-rows";

/** The tokenizers of a pipeline's text encoders, on their way. */
export interface Tokenizers {
  /** @param textEncoder `text_encoder_2`, whose tokenizer is `tokenizer_2`, of the class that `model_index.json` says */
  of(textEncoder: string): Promise<OpenTokenizer>;
  /** Frees those that are open and those that are on their way. */
  close(): void;
}

/**
 * Begins to open the tokenizers of all text encoders that are there, beside what the caller does meanwhile. What is
 * wrong with one is told by `of`.
 *
 * @param configs of the pipeline's components
 * @param note takes what is found out of each, before `of` gives it
 * @param embeddings of textual inversions, by text encoder
 */
export function openTokenizers(
  { folder, components }: Checkpoint,
  configs: Configs,
  note: (note: Note) => void,
  signal?: AbortSignal,
  embeddings: ReadonlyMap<string, AddedEmbeddings> = new Map(),
): Tokenizers {
  const opened = new Map<string, Promise<OpenTokenizer>>();
  for (const [textEncoder, config] of Object.entries(configs)) {
    if (!textEncoder.startsWith("text_encoder")) continue;
    const name = tokenizerName(textEncoder);
    const component = components.get(name);
    const place = {
      path: component?.source.path ?? join(folder, name),
      className: component?.className,
      embeddings: embeddings.get(textEncoder),
    };
    const { vocab_size: rows } = config as { readonly vocab_size: number };
    const encoder = { name: textEncoder, className: components.get(textEncoder)?.className, rows };
    const opening = openTokenizer(place, signal).then((tokenizer) => {
      for (const text of [...tokenizer.warnings, ...rowWarnings(encoder, name, tokenizer.size)])
        note({ kind: "warning", text });
      return refusing(tokenizer, encoder);
    });
    opening.catch(() => undefined); // told when it is asked for
    opened.set(textEncoder, opening);
  }
  return {
    of: (textEncoder) => opened.get(textEncoder)!,
    close: () => {
      for (const opening of opened.values())
        void opening.then(
          (tokenizer) => tokenizer.close(),
          () => undefined,
        );
    },
  };
}

/** `tokenizer_2` of `text_encoder_2`. */
export function tokenizerName(textEncoder: string): string {
  return textEncoder.replace("text_encoder", "tokenizer");
}
