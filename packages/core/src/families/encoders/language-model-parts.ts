import type { Float32Part } from "../../architecture/float32-part";
import { gatedProduct, residualStream } from "../blocks/float32-parts";

const reason = "trained in bfloat16: single features of first tokens reach tens of thousands, and 65504";

/** Of language models that encode prompts, which are published in bfloat16. */
export const languageModelParts: readonly Float32Part[] = [
  residualStream(/(^|\.)layers\.\d+$/, reason),
  ...gatedProduct(/\.mlp$/, /\.mlp\.down_proj\.weight$/, reason),
];
