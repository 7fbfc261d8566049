/** The thread of the text process in which tokenizers and chat templates of strangers run. */
import { parentPort } from "node:worker_threads";
import { messageOf, SkipstepError } from "../errors/error";
import type { TextMessage, TextReply } from "./protocol";
import { loadTokenizer, type Tokenizer } from "./tokenizer";

const port = parentPort!;
const tokenizers = new Map<number, Tokenizer>();

function answer(message: Exclude<TextMessage, { name: "forget" }>): unknown {
  if (message.name === "load") {
    const { path, className, embeddings } = message.ask;
    const tokenizer = loadTokenizer(path, className, embeddings);
    tokenizers.set(message.tokenizer, tokenizer);
    const { encode, applyChatTemplate, ...facts } = tokenizer;
    return facts;
  }
  const tokenizer = tokenizers.get(message.tokenizer)!;
  if (message.name === "render") return tokenizer.applyChatTemplate(message.ask.messages, message.ask.options);
  const { texts, options } = message.ask;
  return tokenizer.encode(texts, { ...options, onText: () => reply({ textDone: true }) });
}

function reply(content: TextReply): void {
  port.postMessage(content);
}

port.on("message", (message: TextMessage) => {
  if (message.name === "forget") {
    tokenizers.delete(message.tokenizer);
    return;
  }
  try {
    reply({ answer: answer(message) });
  } catch (error) {
    const code = error instanceof SkipstepError ? error.code : undefined;
    reply({ failure: { code, message: messageOf(error) } });
  }
});
