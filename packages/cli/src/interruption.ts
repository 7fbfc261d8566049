import { subscribe, unsubscribe } from "node:diagnostics_channel";
import { closeSync, rmSync } from "node:fs";
import { isMainThread, SHARE_ENV, Worker } from "node:worker_threads";
import type { Unfinished } from "@skipstep/core";

/** Signals that stop a command. */
const signals = { SIGINT: 2, SIGTERM: 15 } as const;

type StopSignal = keyof typeof signals;

const names = Object.keys(signals) as StopSignal[];

/** Milliseconds: how long a command may go on by itself, and until the process is ended whatever it does. */
const patience = { ask: 800, force: 1400 };

const leaving = Symbol.for("skipstep.leave");

/** A line that is printed when the process ends, and where. */
export interface LastLine {
  readonly descriptor: 1 | 2;
  readonly text: string;
}

/**
 * Ctrl-C and SIGTERM. Work that takes long heeds the first one by its `AbortSignal`; all else ends at once. What has not
 * ended a second later is ended in the middle of what it does, by a thread that hears signals in any case; what is
 * unfinished then is removed. A second signal ends the process at once.
 */
export class Interruption {
  private readonly controller = new AbortController();
  private readonly told = new Int32Array(new SharedArrayBuffer(4));
  private readonly unfinished = new Set<string>();
  private received: StopSignal | undefined;
  private isHeeded = false;
  private isHandedOver = false;
  private thread: Worker | undefined;

  /** @param lastLine what is said when a signal ends the process for this reason */
  constructor(private readonly lastLine: (reason: string) => LastLine) {}

  /** 130 or 143 once a signal has come. */
  get exitCode(): number | undefined {
    return this.received && exitCodeOf(this.received);
  }

  /**
   * From now on the first signal aborts this one.
   * @param more milliseconds besides the usual until the process is ended whatever it does
   */
  heed(more = 0): AbortSignal {
    this.isHeeded = true;
    if (more > 0) this.thread?.postMessage({ more });
    return this.controller.signal;
  }

  /** Says that the end was told already, so that nobody tells it again. @returns false when it was before */
  tellOnce(): boolean {
    return Atomics.exchange(this.told, 0, 1) === 0;
  }

  /** Listens. @returns what ends it */
  watch(): () => void {
    for (const name of names) process.on(name, this.onSignal); // until the thread hears them
    subscribe("skipstep.unfinished", this.onUnfinished);
    Object.assign(globalThis, { [leaving]: (name: StopSignal) => this.leaveNow(name) });
    if (isMainThread) this.startThread();
    return () => {
      this.unlisten();
      unsubscribe("skipstep.unfinished", this.onUnfinished);
      Reflect.deleteProperty(globalThis, leaving);
      void this.thread?.terminate();
    };
  }

  private startThread(): void {
    const lines = Object.fromEntries(names.map((name) => [name, this.lastLine(reasonOf(name))]));
    const thread = new Worker(new URL("./signal-thread.js", import.meta.url), {
      name: "skipstep-signals",
      execArgv: [],
      env: SHARE_ENV,
      workerData: { numbers: signals, lines, told: this.told, patience },
    });
    this.thread = thread;
    thread.unref();
    thread.on("error", () => undefined); // where Node has no such thing: the main thread listens on
    thread.on("message", ({ signal }: { signal?: StopSignal }) => {
      if (signal === undefined) this.handOver();
      else if (this.received === undefined) this.stop(signal);
    });
  }

  /** The thread listens now. Signals that came before wait in the loop still, behind this message: they come first. */
  private handOver(): void {
    this.isHandedOver = true;
    setImmediate(() => this.unlisten());
  }

  private unlisten(): void {
    for (const name of names) process.off(name, this.onSignal);
  }

  private readonly onSignal = (signal: NodeJS.Signals): void => {
    const name = signal as StopSignal;
    if (!this.received) this.stop(name);
    else if (!this.isHandedOver) die(name); // else the thread counts them
  };

  private readonly onUnfinished = (message: unknown): void => {
    const { path, begins } = message as Unfinished;
    if (begins) this.unfinished.add(path);
    else this.unfinished.delete(path);
    this.thread?.postMessage({ path, begins });
  };

  private stop(name: StopSignal): void {
    this.received = name;
    this.thread?.postMessage({ signal: name }); // which may not have heard it
    if (this.isHeeded) this.controller.abort(reasonOf(name));
    else this.leave(name);
  }

  private leave(name: StopSignal): void {
    this.received = name;
    const { descriptor, text } = this.lastLine(reasonOf(name));
    if (this.tellOnce()) (descriptor === 1 ? process.stdout : process.stderr).write(text);
    for (const path of this.unfinished) rmSync(path, { recursive: true, force: true });
    process.exit(exitCodeOf(name));
  }

  /** Called by the thread, through the inspector, in the middle of anything. */
  private leaveNow(name: StopSignal): void {
    process.once("exit", () => closeSync(2)); // Node would print that it waits for the debugger
    this.leave(name);
  }
}

/** 128 and the signal's number. */
function exitCodeOf(name: StopSignal): number {
  return 128 + signals[name];
}

function reasonOf(name: StopSignal): string {
  return name === "SIGINT" ? "stopped by Ctrl-C" : `stopped by ${name}`;
}

/** Ends the process as a signal does that nobody listens to: at once, where process.exit() waits for ONNX Runtime. */
function die(signal: StopSignal): void {
  process.removeAllListeners(signal);
  process.kill(process.pid, signal);
}
