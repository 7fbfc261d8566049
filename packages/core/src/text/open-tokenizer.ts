import { resolve } from "node:path";
import { messageOf, SkipstepError } from "../errors/error";
import { runtimeStopped } from "../errors/runtime";
import { chatTemplateLimit, tokenizerInvalid, tokenizerLimit } from "../errors/text";
import type { ChatMessage, ChatTemplateOptions } from "./chat-template";
import type { TokenizerPlace } from "./protocol";
import { TextLimitReached, TextProcess } from "./text-process";
import type { Encoded, EncodeOptions } from "./tokenizer";

/** A checkpoint's tokenizer in the text process: what `Tokenizer` has, later. */
export interface OpenTokenizer {
  /** `model_max_length`, in tokens; Infinity when the checkpoint names none. */
  readonly modelMaxLength: number;
  /** The id that rows are filled with, when there is one. */
  readonly padId: number | undefined;
  /** Number of ids, those of added tokens included. */
  readonly size: number;
  /** As a `Tokenizer`'s. */
  readonly embeddings: readonly string[];
  readonly following: readonly number[];
  /** Sentences about files of the folder that were not followed. */
  readonly warnings: readonly string[];
  /**
   * @throws what `Tokenizer.encode` throws; SKIPSTEP_TOKENIZER_LIMIT for patterns that take too much time or memory;
   *   SKIPSTEP_CANCELLED
   */
  encode(texts: readonly string[], options?: Omit<EncodeOptions, "onText">, signal?: AbortSignal): Promise<Encoded>;
  /**
   * @throws what `Tokenizer.applyChatTemplate` throws; SKIPSTEP_CHAT_TEMPLATE_LIMIT for a template that takes too much
   *   time or memory; SKIPSTEP_CANCELLED
   */
  applyChatTemplate(
    messages: readonly ChatMessage[],
    options?: ChatTemplateOptions,
    signal?: AbortSignal,
  ): Promise<string>;
  /** Frees it. May be called again. */
  close(): void;
}

/**
 * As `loadTokenizer`, in a process that is stopped when it takes too long or too much memory. Ids are the same.
 *
 * @throws what `loadTokenizer` throws; SKIPSTEP_TOKENIZER_LIMIT; SKIPSTEP_CANCELLED; SKIPSTEP_TEXT_PROCESS_START and
 *   SKIPSTEP_TEXT_PROCESS_ENDED when there is no such process
 */
export async function openTokenizer(place: TokenizerPlace, signal?: AbortSignal): Promise<OpenTokenizer> {
  const host = TextProcess.acquire();
  const absolute = { ...place, path: resolve(place.path) }; // the process has another working directory
  const id = host.nextId();
  let home = 0;
  let isOpen = true;
  const limited = async <Result>(limitReached: typeof tokenizerLimit, work: () => Promise<Result>): Promise<Result> => {
    try {
      return await host.exclusively(work);
    } catch (error) {
      if (!isOpen) throw runtimeStopped("is closed", error);
      if (error instanceof TextLimitReached) throw limitReached(place.path, error.message);
      if (error instanceof SkipstepError) throw error;
      throw tokenizerInvalid(place.path, `its tokenizer failed (${messageOf(error)})`, error);
    }
  };
  /** Again when the process that it was loaded into is gone. */
  const load = async (signal: AbortSignal | undefined) => {
    if (home === host.generation) return undefined;
    const loaded = await host.call("load", id, absolute, signal);
    home = host.generation;
    return loaded;
  };
  const close = (): void => {
    if (!isOpen) return;
    isOpen = false;
    host.forget(id);
    host.release();
  };
  try {
    const loaded = await limited(tokenizerLimit, () => load(signal));
    return {
      ...loaded!,
      encode: (texts, options = {}, signal) =>
        limited(tokenizerLimit, async () => {
          await load(signal);
          return host.call("encode", id, { texts, options }, signal);
        }),
      applyChatTemplate: (messages, options = {}, signal) =>
        limited(chatTemplateLimit, async () => {
          await load(signal);
          return host.call("render", id, { messages, options }, signal);
        }),
      close,
    };
  } catch (error) {
    close();
    throw error;
  }
}
