import { SkipstepError } from "./error";
import { list } from "./nearest";

/** A textual inversion's path leads to no file. @param what `there is no such file or folder` */
export function embeddingMissing(path: string, what: string): SkipstepError {
  return new SkipstepError(
    "SKIPSTEP_TEXTUAL_INVERSION_MISSING",
    `${path} is no textual inversion: ${what}. Give a safetensors file, or a folder with one.`,
  );
}

/** A pickle: a program of whoever made it. */
export function embeddingPickle(path: string): SkipstepError {
  return new SkipstepError(
    "SKIPSTEP_TEXTUAL_INVERSION_INVALID",
    `${path} is a pickle, which can run any code when it is opened, and is not read. Save its tensor as safetensors (safetensors.torch.save_file({"emb_params": tensor}, …)), or look for that form of it.`,
  );
}

/** @param problem `has no tensors` */
export function embeddingInvalid(file: string, problem: string): SkipstepError {
  return new SkipstepError("SKIPSTEP_TEXTUAL_INVERSION_INVALID", `${file} ${problem}. Download or convert it again.`);
}

/** A model without a text encoder that tokens can be added to. */
export function embeddingsNowhere(file: string, className: string): SkipstepError {
  return new SkipstepError(
    "SKIPSTEP_TEXTUAL_INVERSION_UNFIT",
    `${file} is a textual inversion, and no text encoder of ${className} takes one: they are for CLIP. Remove it from "textual_inversions".`,
  );
}

/** Vectors that are no rows of any text encoder. @param rows `text_encoder 768` */
export function embeddingUnfit(file: string, tensor: string, width: number, rows: readonly string[]): SkipstepError {
  return new SkipstepError(
    "SKIPSTEP_TEXTUAL_INVERSION_UNFIT",
    `Tensor "${tensor}" in ${file} has vectors of ${width} numbers, and embeddings of this model have: ${list(rows)}. It was trained for another model: take it to that one.`,
  );
}

/** A tokenizer that knows more tokens than its text encoder has rows for. */
export function tokenizerLarger(path: string, ids: number, rows: number): SkipstepError {
  return new SkipstepError(
    "SKIPSTEP_TEXTUAL_INVERSION_UNFIT",
    `${path} knows ${ids} tokens, and its text encoder has embeddings for ${rows}: textual inversions cannot be added. Use the tokenizer and the text encoder of one checkpoint.`,
  );
}

/** A token that cannot be one. @param problem `is in the vocabulary of … already` */
export function embeddingToken(token: string, problem: string): SkipstepError {
  return new SkipstepError(
    "SKIPSTEP_TEXTUAL_INVERSION_TOKEN",
    `The token "${token.slice(0, 60)}" of a textual inversion ${problem}. Give another "token" in the config.`,
  );
}
