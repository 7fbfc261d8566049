import { messageOf, SkipstepError } from "./error";
import { list } from "./nearest";

/** A tokenizer folder holds nothing a tokenizer can be built of. */
export function tokenizerMissing(folder: string): SkipstepError {
  return new SkipstepError(
    "SKIPSTEP_TOKENIZER_MISSING",
    `${folder} holds no tokenizer.json, nor vocab.json and merges.txt, nor spiece.model. Download the checkpoint's tokenizer folder again; ` +
      "a folder with only tokenizer.model must be converted to tokenizer.json first.",
  );
}

/** A tokenizer file cannot be read, is no JSON, or says something that is not supported. */
export function tokenizerInvalid(file: string, problem: string, cause?: unknown): SkipstepError {
  return new SkipstepError("SKIPSTEP_TOKENIZER_INVALID", `${file}: ${problem}. Download the file again.`, { cause });
}

/** A tokenizer asks for a part that is not implemented. */
export function tokenizerUnsupported(file: string, part: string, problem: string): SkipstepError {
  return new SkipstepError(
    "SKIPSTEP_TOKENIZER_UNSUPPORTED",
    `${file}: ${part}: ${problem}. Use a checkpoint with another tokenizer, or report this one.`,
  );
}

/** Padding was asked of a tokenizer without a pad token. */
export function padTokenMissing(folder: string): SkipstepError {
  return new SkipstepError(
    "SKIPSTEP_TOKENIZER_PAD",
    `${folder}/tokenizer_config.json names no "pad_token" that the tokenizer knows, and padding was asked for. Add one, or pad nothing.`,
  );
}

/** The length limit leaves no room for the special tokens, or is no length. */
export function lengthTooShort(folder: string, maxLength: number, specialTokens: number): SkipstepError {
  return new SkipstepError(
    "SKIPSTEP_TOKENIZER_LENGTH",
    `${folder}: a length of ${maxLength} tokens was asked for; it must be a whole number, at least ${specialTokens} (the special tokens).`,
  );
}

/** A tokenizer's patterns and the prompts together take more than is reasonable. @param what `takes longer than 3 s` */
export function tokenizerLimit(folder: string, what: string): SkipstepError {
  return new SkipstepError(
    "SKIPSTEP_TOKENIZER_LIMIT",
    `The tokenizer of ${folder} was stopped: it ${what}. Its patterns are broken or made to do that: use a checkpoint with another tokenizer.`,
  );
}

/** A chat template takes more than is reasonable. @param what `takes longer than 3 s` */
export function chatTemplateLimit(folder: string, what: string): SkipstepError {
  return new SkipstepError(
    "SKIPSTEP_CHAT_TEMPLATE_LIMIT",
    `The chat template of ${folder} was stopped: it ${what}. Correct chat_template.jinja (or "chat_template" in tokenizer_config.json).`,
  );
}

/** No process can be started for tokenizers and chat templates. */
export function textProcessStart(cause: unknown): SkipstepError {
  return new SkipstepError(
    "SKIPSTEP_TEXT_PROCESS_START",
    `Tokenizers and chat templates are read in a second Node process, and it cannot be started: ${messageOf(cause)}. Allow it (--allow-child-process with Node's permission model) and one more process, or install Skipstep again.`,
    { cause },
  );
}

/** The process for tokenizers and chat templates is gone, for no reason of its own. @param how `by SIGKILL` */
export function textProcessEnded(how: string): SkipstepError {
  return new SkipstepError(
    "SKIPSTEP_TEXT_PROCESS_ENDED",
    `The process that reads tokenizers and chat templates ended ${how}. Try again; free memory where the system ended it, and install Skipstep again where a file is missing.`,
  );
}

/** A prompt has a token that the text encoder has no row for: they are of two checkpoints. */
export function tokenOutOfRange(textEncoder: string, prompt: string, id: number, rows: number): SkipstepError {
  const start = [...prompt].slice(0, 40).join("");
  return new SkipstepError(
    "SKIPSTEP_TOKEN_OUT_OF_RANGE",
    `The prompt "${start}" has the token ${id}, and ${textEncoder} has embeddings for tokens 0 to ${rows - 1}. Use the tokenizer and the text encoder of one checkpoint, or leave the word out.`,
  );
}

/** `applyChatTemplate` on a tokenizer that has no (default) template. */
export function chatTemplateMissing(folder: string, names: Iterable<string>): SkipstepError {
  return new SkipstepError(
    "SKIPSTEP_CHAT_TEMPLATE_MISSING",
    `${folder} has no default chat template (named templates: ${list(names)}; a chat_template.json is read for processors only). Put chat_template.jinja there, or "chat_template" in tokenizer_config.json.`,
  );
}

/** A chat template does not parse, or raised while it was rendered. */
export function chatTemplateFailed(folder: string, cause: unknown): SkipstepError {
  const problem = messageOf(cause);
  return new SkipstepError(
    "SKIPSTEP_CHAT_TEMPLATE_FAILED",
    `The chat template of ${folder} failed: ${problem}. Check chat_template.jinja (or "chat_template" in tokenizer_config.json) and the messages.`,
    { cause },
  );
}
