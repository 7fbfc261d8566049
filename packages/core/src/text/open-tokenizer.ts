import { messageOf, SkipstepError } from "../errors/error";
import { chatTemplateLimit, tokenizerInvalid, tokenizerLimit } from "../errors/text";
import type { ChatMessage, ChatTemplateOptions } from "./chat-template";
import type { TokenizerPlace } from "./protocol";
import { TextLimitReached, TextThread } from "./text-thread";
import type { Encoded, EncodeOptions } from "./tokenizer";

/** A checkpoint's tokenizer in the text thread: what `Tokenizer` has, later. */
export interface OpenTokenizer {
  /** `model_max_length`, in tokens; Infinity when the checkpoint names none. */
  readonly modelMaxLength: number;
  /** The id that rows are filled with, when there is one. */
  readonly padId: number | undefined;
  /** Number of ids, those of added tokens included. */
  readonly size: number;
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
  /** Frees it. The last one's end ends the thread. May be called again. */
  close(): void;
}

/**
 * As `loadTokenizer`, in a thread that is stopped when it takes too long or too much memory. Ids are the same.
 *
 * @throws what `loadTokenizer` throws; SKIPSTEP_TOKENIZER_LIMIT; SKIPSTEP_CANCELLED
 */
export async function openTokenizer(place: TokenizerPlace, signal?: AbortSignal): Promise<OpenTokenizer> {
  const thread = TextThread.acquire();
  const id = thread.nextId();
  let home = 0;
  let isOpen = true;
  const limited = async <Result>(limitReached: typeof tokenizerLimit, work: () => Promise<Result>): Promise<Result> => {
    try {
      return await thread.exclusively(work);
    } catch (error) {
      if (error instanceof TextLimitReached) throw limitReached(place.path, error.message);
      if (error instanceof SkipstepError) throw error;
      throw tokenizerInvalid(place.path, `its tokenizer failed (${messageOf(error)})`, error);
    }
  };
  /** Again when the thread that it was loaded into is gone. */
  const load = async (signal: AbortSignal | undefined) => {
    if (home === thread.generation) return undefined;
    const loaded = await thread.call("load", id, place, signal);
    home = thread.generation;
    return loaded;
  };
  const close = (): void => {
    if (!isOpen) return;
    isOpen = false;
    thread.forget(id);
    thread.release();
  };
  try {
    const loaded = await limited(tokenizerLimit, () => load(signal));
    return {
      ...loaded!,
      encode: (texts, options = {}, signal) =>
        limited(tokenizerLimit, async () => {
          await load(signal);
          return thread.call("encode", id, { texts, options }, signal);
        }),
      applyChatTemplate: (messages, options = {}, signal) =>
        limited(chatTemplateLimit, async () => {
          await load(signal);
          return thread.call("render", id, { messages, options }, signal);
        }),
      close,
    };
  } catch (error) {
    close();
    throw error;
  }
}
