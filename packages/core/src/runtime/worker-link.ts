import type { Worker } from "node:worker_threads";
import { deviceFailed } from "../errors/devices";
import type { SkipstepError } from "../errors/error";
import { runtimeFailed, runtimeStopped } from "../errors/runtime";
import { ExitGate } from "./exit-gate";
import { loadFailure } from "./load-failure";
import type { CallName, Calls, Copied, Message, Reply } from "./protocol";
import { SharedSessions } from "./shared-sessions";
import { startThread } from "./start-thread";

interface Pending {
  resolve(answer: unknown): void;
  reject(error: SkipstepError): void;
  /** The error for the worker's message. */
  failed(message: string): SkipstepError;
  copied?(bytes: Copied): void;
}

let shared: WorkerLink | undefined;

/** The process's one worker thread, and the calls that it has not answered yet. */
export class WorkerLink {
  /** The models that are open in it. */
  readonly sessions = new SharedSessions(this);
  private readonly worker: Worker;
  private readonly gate = new ExitGate();
  private readonly atExit = (): void => this.gate.close();
  private readonly pending = new Map<number, Pending>();
  private readonly facts = new Map<string, Promise<unknown>>();
  private calls = 0;
  private ids = 0;
  private users = 0;
  private crash: unknown;
  private stopped: SkipstepError | undefined;

  /** The running worker, or a new one. Each `acquire` needs its `release`. */
  static acquire(): WorkerLink {
    shared ??= new WorkerLink();
    shared.users++;
    return shared;
  }

  private constructor() {
    const options = { name: "skipstep-runtime", execArgv: [], workerData: this.gate.memory };
    this.worker = startThread(import.meta.url, "./runtime/worker.js", "./worker.ts", options);
    this.worker.unref();
    process.once("exit", this.atExit);
    this.worker.on("message", (reply: Reply) => this.settle(reply));
    this.worker.on("error", (error) => {
      this.crash = error;
    });
    this.worker.on("exit", (code) => this.stop(code));
  }

  /** Why the worker is gone, once it is. */
  get failure(): SkipstepError | undefined {
    return this.stopped;
  }

  /** A number that no other session or value of this worker has. */
  nextId(): number {
    return ++this.ids;
  }

  /** Sends what needs no answer. */
  post(message: Message, transfer: readonly ArrayBuffer[] = []): void {
    if (!this.stopped) this.worker.postMessage(message, transfer);
  }

  /**
   * Asks the worker. Keeps the process alive until the answer is there.
   * @param failed makes the error when the worker answers with a failure
   * @param copied told, before the answer, of what was copied for it
   * @throws SKIPSTEP_RUNTIME_STOPPED when the worker is gone
   */
  call<Name extends CallName>(
    name: Name,
    ask: Calls[Name]["ask"],
    failed = (message: string): SkipstepError => runtimeFailed(name, message),
    copied?: (bytes: Copied) => void,
  ): Promise<Calls[Name]["answer"]> {
    return new Promise((resolve, reject) => {
      if (this.stopped) return reject(this.stopped);
      if (this.pending.size === 0) this.worker.ref();
      const call = ++this.calls;
      const settled = (answer: unknown): void => resolve(answer as Calls[Name]["answer"]);
      this.pending.set(call, { resolve: settled, reject, failed, ...(copied ? { copied } : {}) });
      this.post({ kind: "call", call, name, ask });
    });
  }

  /** A call whose answer stays the same for as long as the worker is there: it is asked once. */
  fact<Name extends CallName>(name: Name, ask: Calls[Name]["ask"]): Promise<Calls[Name]["answer"]> {
    const key = JSON.stringify([name, ask]);
    const known = this.facts.get(key) as Promise<Calls[Name]["answer"]> | undefined;
    const answer = known ?? this.call(name, ask);
    this.facts.set(key, answer);
    return answer;
  }

  /** The last release ends the worker. */
  async release(): Promise<void> {
    if (--this.users > 0) return;
    if (shared === this) shared = undefined;
    await this.worker.terminate();
  }

  private settle(reply: Reply): void {
    const { resolve, reject, failed, copied } = this.pending.get(reply.call)!;
    this.pending.delete(reply.call);
    if (this.pending.size === 0) this.worker.unref();
    if ("copied" in reply && reply.copied) copied?.(reply.copied);
    if ("failure" in reply) reject(reply.device ? deviceFailed(reply.device, reply.failure) : failed(reply.failure));
    else resolve(reply.answer);
  }

  private stop(code: number): void {
    process.off("exit", this.atExit);
    if (shared === this) shared = undefined;
    const message = this.crash instanceof Error ? this.crash.message : `exit code ${code}`;
    this.stopped =
      loadFailure(this.crash) ?? runtimeStopped(`stopped: its worker thread ended (${message})`, this.crash);
    for (const { reject } of this.pending.values()) reject(this.stopped);
    this.pending.clear();
  }
}
