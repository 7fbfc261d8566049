import { readFile, rename, rm, stat, utimes, writeFile } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { threadId } from "node:worker_threads";
import { namesIn } from "./on-disk";
import { isSystemError } from "./system-error";
import { temporaryBeside } from "./temporary-beside";
import { type OwnerState, ownerState, ownerTag, processOf, tagState } from "./temporary-owner";
import { beginUnfinished, endUnfinished } from "./unfinished";

/** Milliseconds. */
const heartbeat = 2000;
/** Between two looks: soon after the first, and then seldom. */
const pauses = [5, 10, 20, 50, 100, 200] as const;

/**
 * Milliseconds without a sign of life after which whoever has a lock counts as gone. A process that is seen to run may
 * only be busy, or its thread with the lock was ended.
 */
const patience: Readonly<Record<OwnerState, number>> = { gone: 0, unknown: 5 * heartbeat, running: 30 * heartbeat };

/** Whether somebody is gone who gave the last sign of life some milliseconds ago. */
function isSilent(state: OwnerState, age: number): boolean {
  return age > patience[state];
}

/** Whoever has a lock. */
export interface LockHolder {
  /** The number of its process, where that is one of this machine. */
  readonly process: number | undefined;
  readonly state: OwnerState;
}

/**
 * Told every now and then who has the lock that is waited for, if somebody has it just now. What it throws ends the
 * waiting, as does `false`.
 */
export type OnWait = (holder: LockHolder | undefined) => Promise<unknown> | unknown;

/** Gives a lock back. */
export type Release = () => Promise<void>;

/**
 * Works while no other process and no other thread does.
 * @throws what `onWait` throws, and what the system does
 */
export async function withLock<Result>(path: string, onWait: OnWait, work: () => Promise<Result>): Promise<Result> {
  const release = await takeLock(path, onWait);
  try {
    return await work();
  } finally {
    await release?.();
  }
}

/**
 * Waits for a lock and takes it: a file that says whose it is. Of a process that is gone it is taken away at once.
 * Should two have it after all, because one was silent for long, each goes on.
 * @param mayTake whether it is this one's turn
 * @returns nothing when `onWait` gave it up
 */
export async function takeLock(
  path: string,
  onWait: OnWait,
  mayTake: () => Promise<boolean> = async () => true,
): Promise<Release | undefined> {
  for (let look = 0; !((await mayTake()) && (await create(path))); look++) {
    const text = await textOf(path);
    const holder = text === undefined ? undefined : holderIn(text);
    if ((await onWait(holder)) === false) return undefined;
    if (holder && isSilent(holder.state, await age(path))) await takeAway(path, text!);
    else await sleep(pauses[look] ?? pauses.at(-1));
  }
  beginUnfinished(path);
  const beat = setInterval(() => void utimes(path, new Date(), new Date()).catch(() => undefined), heartbeat);
  beat.unref();
  return async () => {
    clearInterval(beat);
    await rm(path, { force: true });
    endUnfinished(path);
  };
}

/**
 * A place in a line, by when it was taken: a file beside `path`.
 * @returns whether it is the first, and how to leave the line
 */
export async function standInLine(path: string): Promise<{ isFirst(): Promise<boolean>; leave: Release }> {
  const ticket = temporaryBeside(`${path}.${Date.now()}`);
  await writeFile(ticket, "");
  return {
    async isFirst() {
      await utimes(ticket, new Date(), new Date()).catch(() => undefined);
      const tickets = namesIn(dirname(path)).filter(
        (name) => name.startsWith(`${basename(path)}.`) && name.endsWith(".tmp"),
      );
      for (const name of tickets.sort()) {
        if (name === basename(ticket)) return true;
        const other = join(dirname(path), name);
        if (!isSilent(ownerState(other), await age(other))) return false;
        await rm(other, { force: true });
      }
      return true; // taken away, for it was silent for long
    },
    async leave() {
      await rm(ticket, { force: true });
      endUnfinished(ticket);
    },
  };
}

async function create(path: string): Promise<boolean> {
  try {
    await writeFile(path, `${ownerTag()} ${threadId}`, { flag: "wx" });
    return true;
  } catch (error) {
    if (isSystemError(error) && error.code === "EEXIST") return false;
    await rm(path, { force: true }); // a full disk takes the name, and not what is in it
    throw error;
  }
}

/** Of a lock that is made just now nothing is known yet. */
function holderIn(text: string): LockHolder {
  const [tag = ""] = text.split(" ");
  return { process: processOf(tag), state: tagState(tag) };
}

/** Another may have taken it meanwhile: then it gets it back. */
async function takeAway(path: string, expected: string): Promise<void> {
  const aside = temporaryBeside(path);
  try {
    await rename(path, aside);
    const found = await textOf(aside);
    if (found !== undefined && found !== expected) await writeFile(path, found, { flag: "wx" });
    await rm(aside, { force: true });
  } catch (error) {
    if (!isSystemError(error)) throw error; // given back, or taken away by another
  } finally {
    endUnfinished(aside);
  }
}

async function textOf(path: string): Promise<string | undefined> {
  return readFile(path, "utf8").catch(() => undefined); // given back just now
}

/** Milliseconds since the last sign of life. */
async function age(path: string): Promise<number> {
  const { mtimeMs } = await stat(path).catch(() => ({ mtimeMs: Date.now() })); // given back just now
  return Date.now() - mtimeMs;
}
