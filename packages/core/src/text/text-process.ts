import type { ChildProcess } from "node:child_process";
import { SkipstepError } from "../errors/error";
import { cancelled } from "../errors/runtime";
import { textProcessEnded, textProcessStart } from "../errors/text";
import { throwIfAborted } from "../runtime/cancel";
import type { TextCallName, TextCalls, TextEnd, TextMessage, TextReply } from "./protocol";
import { startProcess } from "./start-process";

/** What a call may take before its process is stopped. Tests set it lower. */
export const textLimits = {
  /** Milliseconds to start the process and read a tokenizer: of 150,000 tokens it takes half a second on an idle core. */
  load: 60_000,
  /** Milliseconds for each prompt, or a template: they take a few. */
  work: 3000,
  /** MiB of JavaScript's heap, for all tokenizers that are open. */
  memory: 640,
  /** Milliseconds that the process waits for another tokenizer when none is open. */
  rest: 5000,
};

/** Why a call was given up: `takes longer than 3 s`. */
export class TextLimitReached extends Error {
  override readonly name = "TextLimitReached";
}

/** How a process ends that V8 gives up: one allocation was beyond what there is. Codes are Windows'. */
const fullEnds: readonly unknown[] = ["SIGABRT", "SIGTRAP", "SIGILL", 134, 0x80000003];

interface Pending {
  resolve(answer: unknown): void;
  reject(error: Error): void;
  readonly timer: NodeJS.Timeout;
}

let shared: TextProcess | undefined;

/**
 * The program's one process for text that strangers wrote: patterns of a tokenizer, chat templates. A call that takes too
 * long or too much memory ends with its process; the next call starts another.
 */
export class TextProcess {
  private child: ChildProcess | undefined;
  /** MiB that it was started with. */
  private memory = 0;
  /** Counts processes: what was loaded into an earlier one is gone. */
  generation = 1;
  private users = 0;
  private ids = 0;
  private turn: Promise<unknown> = Promise.resolve();
  private pending: Pending | undefined;
  private resting: NodeJS.Timeout | undefined;

  /** The running process, or a new one. Each `acquire` needs its `release`. */
  static acquire(): TextProcess {
    shared ??= new TextProcess();
    if (shared.users++ === 0 && shared.memory !== textLimits.memory) shared.stop(new Error("it has another limit"));
    try {
      shared.start(); // at once, beside whatever the caller does next
    } catch {} // the first call tells it
    return shared;
  }

  /** Some time after the last release the process ends; at once, when it is at work. */
  release(): void {
    if (--this.users > 0) return;
    if (this.pending) this.stop(cancelled("the tokenizer was closed"));
    else this.rest();
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
   * @throws TextLimitReached; what the process threw, with its code; SKIPSTEP_CANCELLED once `signal` is aborted;
   *   SKIPSTEP_TEXT_PROCESS_START; SKIPSTEP_TEXT_PROCESS_ENDED
   */
  async call<Name extends TextCallName>(
    name: Name,
    tokenizer: number,
    ask: TextCalls[Name]["ask"],
    signal?: AbortSignal,
  ): Promise<TextCalls[Name]["answer"]> {
    throwIfAborted(signal);
    this.start();
    const limit = name === "load" ? textLimits.load : textLimits.work;
    // It keeps the program alive until the answer is there; the process does not.
    const timer = setTimeout(() => this.stop(new TextLimitReached(`takes longer than ${limit / 1000} s`)), limit);
    const onAbort = (): void => this.stop(cancelled(signal?.reason));
    signal?.addEventListener("abort", onAbort);
    try {
      const answer = new Promise((resolve, reject) => {
        this.pending = { resolve, reject, timer };
      });
      this.send({ name, tokenizer, ask } as TextMessage);
      return (await answer) as TextCalls[Name]["answer"];
    } finally {
      this.pending = undefined;
      clearTimeout(timer);
      signal?.removeEventListener("abort", onAbort);
      if (this.users === 0) this.rest();
    }
  }

  /** Frees a tokenizer. */
  forget(tokenizer: number): void {
    this.send({ name: "forget", tokenizer });
  }

  private send(message: TextMessage): void {
    // Of one that is gone, `close` tells more than the failed message.
    if (this.child?.connected) this.child.send(message, () => undefined);
  }

  private start(): void {
    clearTimeout(this.resting);
    if (this.child) return;
    const child = launched(textLimits.memory);
    this.child = child;
    this.memory = textLimits.memory;
    const isCurrent = (): boolean => this.child === child;
    let complaint = "";
    child.stderr?.on("data", (text: Buffer) => {
      complaint = `${complaint}${text}`.slice(-4000);
    });
    child.on("message", (reply: TextReply | TextEnd) => {
      if (isCurrent()) this.hear(reply);
    });
    child.on("error", (error) => {
      if (isCurrent()) this.stop(textProcessStart(error));
    });
    child.on("close", (code, signal) => {
      if (isCurrent()) this.stop(this.endOf(code, signal, complaint));
    });
  }

  private hear(reply: TextReply | TextEnd): void {
    if ("textDone" in reply) this.pending?.timer.refresh();
    else if ("answer" in reply) this.pending?.resolve(reply.answer);
    else if ("failure" in reply) this.pending?.reject(thrown(reply.failure));
    else this.stop(reply.end.isFull ? this.full() : textProcessEnded(`(${reply.end.message})`));
  }

  private endOf(code: number | null, signal: string | null, complaint: string): Error {
    if (fullEnds.includes(signal ?? code)) return this.full();
    const [reason] = /^\w*Error.*/m.exec(complaint) ?? [];
    return textProcessEnded(signal ? `by ${signal}` : `with code ${code}${reason ? ` (${reason})` : ""}`);
  }

  private full(): TextLimitReached {
    return new TextLimitReached(`takes more than ${this.memory} MiB of memory`);
  }

  private rest(): void {
    clearTimeout(this.resting);
    this.resting = setTimeout(() => this.stop(new Error("nobody needs it")), textLimits.rest).unref();
  }

  /** Ends the process, and the call in it with an error. */
  private stop(reason: Error): void {
    const { child, pending } = this;
    this.child = undefined;
    this.generation++;
    clearTimeout(this.resting);
    child?.kill("SIGKILL");
    pending?.reject(reason);
  }
}

function launched(memory: number): ChildProcess {
  try {
    return startProcess(memory);
  } catch (error) {
    throw textProcessStart(error);
  }
}

function thrown({ code, message }: { readonly code?: string | undefined; readonly message: string }): Error {
  return code === undefined ? new Error(message) : new SkipstepError(code as SkipstepError["code"], message);
}
