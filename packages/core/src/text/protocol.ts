import type { AddedEmbeddings } from "./added-embeddings";
import type { ChatMessage, ChatTemplateOptions } from "./chat-template";
import type { Encoded, EncodeOptions, Tokenizer } from "./tokenizer";

/** A tokenizer's folder, its class in `model_index.json`, and what is added to it. */
export interface TokenizerPlace {
  readonly path: string;
  readonly className?: string | undefined;
  readonly embeddings?: AddedEmbeddings | undefined;
}

/** What the text process is asked, and what it answers. */
export interface TextCalls {
  load: {
    readonly ask: TokenizerPlace;
    readonly answer: Omit<Tokenizer, "encode" | "applyChatTemplate">;
  };
  encode: {
    readonly ask: { readonly texts: readonly string[]; readonly options: Omit<EncodeOptions, "onText"> };
    readonly answer: Encoded;
  };
  render: {
    readonly ask: { readonly messages: readonly ChatMessage[]; readonly options: ChatTemplateOptions };
    readonly answer: string;
  };
}

export type TextCallName = keyof TextCalls;

/** @param tokenizer number of the tokenizer that it is about */
export type TextMessage =
  | {
      [Name in TextCallName]: {
        readonly name: Name;
        readonly tokenizer: number;
        readonly ask: TextCalls[Name]["ask"];
      };
    }[TextCallName]
  | { readonly name: "forget"; readonly tokenizer: number };

/** Calls are answered one by one, in their order; before that, a text of many is done. A failure without a code is one that nobody foresaw. */
export type TextReply =
  | { readonly answer: unknown }
  | { readonly textDone: true }
  | { readonly failure: { readonly code?: string | undefined; readonly message: string } };

/** What the text process says of its own thread: it has ended, for want of memory or for another reason. */
export interface TextEnd {
  readonly end: { readonly isFull: boolean; readonly message: string };
}
