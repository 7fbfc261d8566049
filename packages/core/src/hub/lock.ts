import { open, rm, stat, utimes } from "node:fs/promises";
import { setTimeout as sleep } from "node:timers/promises";
import { isSystemError } from "../disk/system-error";
import { beginUnfinished, endUnfinished } from "../disk/unfinished";
import { throwIfAborted } from "../runtime/cancel";

/** Milliseconds. */
const heartbeat = 2000;
const patience = 5 * heartbeat;
const pause = 200;

export interface LockOptions {
  readonly signal: AbortSignal | undefined;
  /** Called every now and then while another process holds it. */
  readonly onWait: () => Promise<void> | void;
}

/**
 * Works while no other process does. Whoever died with the lock is noticed by its age. Should two processes hold it
 * after all, they only do the same work twice.
 * @throws SKIPSTEP_CANCELLED while it waits, and what the system does
 */
export async function withLock<Result>(
  path: string,
  { signal, onWait }: LockOptions,
  work: () => Promise<Result>,
): Promise<Result> {
  while (!(await take(path))) {
    throwIfAborted(signal);
    if ((await age(path)) > patience) await rm(path, { force: true });
    else await sleep(pause);
    await onWait();
  }
  beginUnfinished(path);
  const beat = setInterval(() => void utimes(path, new Date(), new Date()).catch(() => undefined), heartbeat);
  try {
    return await work();
  } finally {
    clearInterval(beat);
    await rm(path, { force: true });
    endUnfinished(path);
  }
}

async function take(path: string): Promise<boolean> {
  try {
    await (await open(path, "wx")).close();
    return true;
  } catch (error) {
    if (isSystemError(error) && error.code === "EEXIST") return false;
    throw error;
  }
}

/** Milliseconds since the last sign of life. */
async function age(path: string): Promise<number> {
  const { mtimeMs } = await stat(path).catch(() => ({ mtimeMs: Date.now() })); // given back just now
  return Date.now() - mtimeMs;
}
