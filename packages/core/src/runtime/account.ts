import { AsyncLocalStorage } from "node:async_hooks";

/**
 * What code uses of the runtime: bytes of the tensors that it keeps, and the time that its tensor math takes. A tensor
 * is on the account of the code that called `keep()`; one that two keep is on both, and counts once in the whole.
 */
export class Account {
  keptBytes = 0;
  /** The most that was kept at once. */
  peakKeptBytes = 0;
  /** Spent on tensor math in the runtime's thread. */
  seconds = 0;

  /** @param whole what this is a part of */
  constructor(readonly whole?: Account) {}

  count(bytes: number): void {
    this.keptBytes += bytes;
    this.peakKeptBytes = Math.max(this.peakKeptBytes, this.keptBytes);
  }

  /** From now on, the most is counted anew. */
  restart(): void {
    this.peakKeptBytes = this.keptBytes;
  }
}

/** Who the running code works for, across awaits; nobody where it is core's own work. */
export const currentAccount = new AsyncLocalStorage<Account | undefined>();
