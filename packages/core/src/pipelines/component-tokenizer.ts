import { join } from "node:path";
import type { Checkpoint } from "../checkpoint/checkpoint";
import { loadTokenizer, type Tokenizer } from "../text/tokenizer";

/** The tokenizer of a text encoder: `tokenizer_2` of `text_encoder_2`, of the class that `model_index.json` says. */
export function componentTokenizer({ folder, components }: Checkpoint, textEncoder: string): Tokenizer {
  const name = textEncoder.replace("text_encoder", "tokenizer");
  const component = components.get(name);
  return loadTokenizer(component?.source.path ?? join(folder, name), component?.className);
}
