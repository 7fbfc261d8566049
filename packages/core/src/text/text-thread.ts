import type { Worker } from "node:worker_threads";
import { cancelled } from "../errors/engine";
import { SkipstepError } from "../errors/error";
import { throwIfAborted } from "../runtime/cancel";
import { startThread } from "../runtime/start-thread";
import type { TextCallName, TextCalls, TextMessage, TextReply } from "./protocol";

/** What a call may take before its thread is stopped. Tests set it lower. */
export const textLimits = {
  /** Milliseconds to start the thread and read a tokenizer: of 150,000 tokens it takes half a second on an idle core. */
  load: 60_000,
  /** Milliseconds for each prompt, or a template: they take a few. */
  work: 3000,
  /** MiB of JavaScript's heap, for all tokenizers that are open. */
  memory: 640,
};

/** Why a call was given up: `takes longer than 3 s`. */
export class TextLimitReached extends Error {
  override readonly name = "TextLimitReached";
}

interface Pending {
  resolve(answer: unknown): void;
  reject(error: Error): void;
  readonly timer: NodeJS.Timeout;
}

let shared: TextThread | undefined;

/**
 * The process's one thread for text that strangers wrote: patterns of a tokenizer, chat templates. A call that takes too
 * long or too much memory ends with its thread; the next call starts another.
 */
export class TextThread {
  private worker: Worker | undefined;
  /** Counts threads: what was loaded into an earlier one is gone. */
  generation = 1;
  private users = 0;
  private ids = 0;
  private turn: Promise<unknown> = Promise.resolve();
  private pending: Pending | undefined;

  /** The running thread, or a new one. Each `acquire` needs its `release`. */
  static acquire(): TextThread {
    shared ??= new TextThread();
    shared.users++;
    shared.start(); // at once, beside whatever the caller does next
    return shared;
  }

  /** The last release ends the thread. */
  release(): void {
    if (--this.users > 0) return;
    if (shared === this) shared = undefined;
    this.stop(new Error("it was closed"));
  }

  nextId(): number {
    return ++this.ids;
  }

  /** Runs a sequence of calls with none of others in between. */
  exclusively<Result>(body: () => Promise<Result>): Promise<Result> {
    const result = this.turn.then(body);
    this.turn = result.catch(() => undefined); // its caller has the error
    return result;
  }

  /**
   * Inside `exclusively`: one call.
   * @throws TextLimitReached; what the thread threw, with its code; SKIPSTEP_CANCELLED once `signal` is aborted
   */
  async call<Name extends TextCallName>(
    name: Name,
    tokenizer: number,
    ask: TextCalls[Name]["ask"],
    signal?: AbortSignal,
  ): Promise<TextCalls[Name]["answer"]> {
    throwIfAborted(signal);
    const worker = this.start();
    const limit = name === "load" ? textLimits.load : textLimits.work;
    const timer = setTimeout(() => this.stop(new TextLimitReached(`takes longer than ${limit / 1000} s`)), limit);
    const onAbort = (): void => this.stop(cancelled(signal?.reason));
    signal?.addEventListener("abort", onAbort);
    worker.ref();
    try {
      const answer = new Promise((resolve, reject) => {
        this.pending = { resolve, reject, timer };
      });
      worker.postMessage({ name, tokenizer, ask } as TextMessage);
      return (await answer) as TextCalls[Name]["answer"];
    } finally {
      this.pending = undefined;
      clearTimeout(timer);
      signal?.removeEventListener("abort", onAbort);
      worker.unref();
    }
  }

  /** Frees a tokenizer. */
  forget(tokenizer: number): void {
    this.worker?.postMessage({ name: "forget", tokenizer } satisfies TextMessage);
  }

  private start(): Worker {
    if (this.worker) return this.worker;
    const worker = startThread(import.meta.url, "./text/worker.js", "./worker.ts", {
      name: "skipstep-text",
      resourceLimits: { maxOldGenerationSizeMb: textLimits.memory },
    });
    this.worker = worker;
    worker.unref();
    worker.on("message", (reply: TextReply) => {
      if ("textDone" in reply) this.pending?.timer.refresh();
      else if ("answer" in reply) this.pending?.resolve(reply.answer);
      else this.pending?.reject(thrown(reply.failure));
    });
    worker.on("error", (error: NodeJS.ErrnoException) => {
      const isFull = error.code === "ERR_WORKER_OUT_OF_MEMORY";
      if (this.worker === worker)
        this.stop(isFull ? new TextLimitReached(`takes more than ${textLimits.memory} MiB of memory`) : error);
    });
    worker.on("exit", (code) => {
      if (this.worker === worker) this.stop(new Error(`its thread ended with code ${code}`));
    });
    return worker;
  }

  /** Ends the thread, and the call in it with an error. */
  private stop(reason: Error): void {
    const { worker, pending } = this;
    this.worker = undefined;
    this.generation++;
    void worker?.terminate();
    pending?.reject(reason);
  }
}

function thrown({ code, message }: { readonly code?: string | undefined; readonly message: string }): Error {
  return code === undefined ? new Error(message) : new SkipstepError(code as SkipstepError["code"], message);
}
