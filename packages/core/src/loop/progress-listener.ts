import { progressFailed } from "../errors/arguments";
import { SkipstepError } from "../errors/error";
import type { ProgressEvent } from "./progress";

/** Told of progress. May be async: whoever began the work waits for it at the end. */
export type OnProgress = (event: ProgressEvent) => unknown;

/** A caller's `onProgress`: what it throws, at once or in a promise, fails the work as SKIPSTEP_PROGRESS_FAILED. */
export class ProgressListener {
  private readonly pending = new Set<Promise<unknown>>();
  private failure: SkipstepError | undefined;

  constructor(private readonly onProgress: OnProgress | undefined) {}

  /** What to tell of events; `undefined` when nobody listens. */
  get tell(): ((event: ProgressEvent) => void) | undefined {
    return this.onProgress && this.pass;
  }

  /** Waits until all of it was heard. @throws SKIPSTEP_PROGRESS_FAILED */
  async settled(): Promise<void> {
    await Promise.all(this.pending);
    if (this.failure) throw this.failure;
  }

  private readonly pass = (event: ProgressEvent): void => {
    if (this.failure) throw this.failure;
    let answer: unknown;
    try {
      answer = this.onProgress!(event);
    } catch (error) {
      throw failureOf(error);
    }
    if (!isPromise(answer)) return;
    const heard: Promise<unknown> = Promise.resolve(answer)
      .catch((error: unknown) => {
        this.failure ??= failureOf(error);
      })
      .finally(() => this.pending.delete(heard));
    this.pending.add(heard);
  };
}

function failureOf(error: unknown): SkipstepError {
  return error instanceof SkipstepError ? error : progressFailed(error);
}

function isPromise(value: unknown): value is PromiseLike<unknown> {
  return typeof (value as Partial<PromiseLike<unknown>> | null | undefined)?.then === "function";
}
