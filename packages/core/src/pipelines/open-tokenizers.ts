import { join } from "node:path";
import type { Checkpoint } from "../checkpoint/checkpoint";
import { type OpenTokenizer, openTokenizer } from "../text/open-tokenizer";

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
 * @param components names of the pipeline's components
 */
export function openTokenizers(
  { folder, components }: Checkpoint,
  names: Iterable<string>,
  signal?: AbortSignal,
): Tokenizers {
  const opened = new Map<string, Promise<OpenTokenizer>>();
  for (const textEncoder of names) {
    if (!textEncoder.startsWith("text_encoder")) continue;
    const name = tokenizerName(textEncoder);
    const component = components.get(name);
    const place = { path: component?.source.path ?? join(folder, name), className: component?.className };
    const opening = openTokenizer(place, signal);
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
