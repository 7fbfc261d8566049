import { SequenceNormalizer } from "@huggingface/tokenizers";
import { precompiledCharsmap } from "./precompiled-charsmap";
import type { Part } from "./tokenizer-folder";

/** Turns a text into the form that the vocabulary was made for. */
export type Normalize = (text: string) => string;

/**
 * A tokenizer.json normalizer as a function. Two parts differ from the JavaScript library, which follows the
 * language where the Rust library follows the characters: lower case is taken character by character (no final
 * sigma), and sentencepiece's character map is the file's own instead of NFKC.
 */
export function normalizerOf(part: Part | null): Normalize {
  if (part === null) return (text) => text;
  switch (part.type) {
    case "Sequence": {
      const steps = (part.normalizers as readonly Part[]).map(normalizerOf);
      return (text) => steps.reduce((result, step) => step(result), text);
    }
    case "Lowercase":
      return (text) => Array.from(text, (character) => character.toLowerCase()).join("");
    case "Precompiled":
      return precompiledCharsmap(part.precompiled_charsmap as string);
    default: {
      const library = new SequenceNormalizer({ type: "Sequence", normalizers: [part as never] });
      return (text) => (text === "" ? "" : library.normalize(text));
    }
  }
}
