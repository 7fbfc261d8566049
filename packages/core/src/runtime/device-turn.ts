import { AsyncLocalStorage } from "node:async_hooks";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { defaultCacheDir } from "../disk/cache-dir";
import { type OnWait, type Release, standInLine, takeLock } from "../disk/lock";
import { makeFolder } from "../disk/make-folder";
import { isSystemError } from "../disk/system-error";
import { machineTag } from "../disk/temporary-owner";
import { throwIfAborted, unlessAborted } from "./cancel";

/** Milliseconds that somebody waits before it is told: others only open a model now and then. */
const moment = 100;

/** Somebody else has a device's turn. */
export interface DeviceWait {
  readonly device: string;
  /** The number of the process that has it, where that can be seen: another one, or a thread of this one. */
  readonly process: number | undefined;
}

export interface TurnOptions {
  readonly signal?: AbortSignal | undefined;
  /** Told once for each that is waited for, longer than a moment. */
  readonly onWait?: ((wait: DeviceWait) => void) | undefined;
}

/** What this thread has of devices, as long as somebody works with it. */
class Turn {
  private users = 0;
  private ended = false;

  constructor(
    private readonly names: ReadonlySet<string>,
    private readonly outer: Turn | undefined,
    private readonly release: Release,
  ) {}

  has(name: string): boolean {
    return !this.ended && (this.names.has(name) || (this.outer?.has(name) ?? false));
  }

  /** Lasts until this is done, should it be begun inside and not waited for. */
  async during<T>(work: () => Promise<T>): Promise<T> {
    if (this.ended) return work();
    this.users++;
    try {
      return await (this.outer ? this.outer.during(work) : work());
    } finally {
      if (--this.users === 0) {
        this.ended = true;
        await this.release();
      }
    }
  }
}

const current = new AsyncLocalStorage<Turn>();

/** The end of each device's queue in this thread. */
const queues = new Map<string, Promise<void>>();

/**
 * Works while nobody else of this machine's user works on the devices: ONNX Runtime's WebGPU provider ends a process in
 * which two threads run at once, on two GPUs as well, and a GPU's memory is enough for one at a time. In this thread it
 * goes in order; what is begun inside another's turn is part of it. Costs nothing for the CPU.
 * @throws SKIPSTEP_CANCELLED while it waits
 */
export async function inTurn<T>(devices: Iterable<string>, options: TurnOptions, work: () => Promise<T>): Promise<T> {
  const outer = current.getStore();
  const names = lockNames(devices).filter((name) => !outer?.has(name));
  if (names.length === 0) return outer ? outer.during(work) : work();
  const taken: Release[] = [];
  const release = async (): Promise<void> => {
    for (const give of taken.splice(0).reverse()) await give();
  };
  try {
    for (const name of names) taken.push(await take(name, options));
  } catch (error) {
    await release();
    throw error;
  }
  const turn = new Turn(new Set(names), outer, release);
  return current.run(turn, () => turn.during(work));
}

/**
 * Works while no other thread of this process works on the devices. What another process does there does not matter: it is
 * not waited for by one that ends.
 */
export async function besideProcesses<T>(devices: Iterable<string>, work: () => Promise<T>): Promise<T> {
  const free = lockNames(devices).filter((name) => !queues.has(name)); // those of this thread are done in order anyway
  const taken: Release[] = [];
  try {
    for (const name of free) taken.push(await takeFiles(name, (holder) => !holder || holder.process === process.pid));
    return await work();
  } finally {
    for (const give of taken.reverse()) await give();
  }
}

/** `cuda` and `cuda:0` are one; of WebGPU there is one turn for all GPUs. In the order in which they are taken. */
function lockNames(devices: Iterable<string>): string[] {
  const names = [...devices].map((device) => {
    const [provider = "", number = "0"] = device.split(":");
    return provider === "webgpu" ? provider : `${provider}-${number}`;
  });
  return [...new Set(names)].filter((name) => !name.startsWith("cpu-")).sort();
}

async function take(name: string, { signal, onWait }: TurnOptions): Promise<Release> {
  const before = queues.get(name) ?? Promise.resolve();
  let leave = (): void => undefined;
  const mine = new Promise<void>((resolve) => {
    leave = resolve;
  });
  const end = before.then(() => mine);
  queues.set(name, end);
  void end.then(() => queues.get(name) === end && queues.delete(name));
  const begin = performance.now();
  let told: string | undefined;
  try {
    await unlessAborted(before, signal);
    const give = await takeFiles(name, (holder) => {
      throwIfAborted(signal);
      if (!holder || told === String(holder.process) || performance.now() - begin < moment) return;
      told = String(holder.process);
      onWait?.({ device: name.replace("-", ":"), process: holder.process });
    });
    return async () => {
      await give();
      leave();
    };
  } catch (error) {
    leave();
    throw error;
  }
}

/** A lock for threads and processes, which get it in the order in which they came. */
async function takeFiles(name: string, onWait: OnWait): Promise<Release> {
  const nothing: Release = async () => undefined;
  try {
    const folder = lockFolder();
    if (folder === undefined) return nothing;
    const path = join(folder, `${machineTag()}-${name}`);
    const { isFirst, leave } = await standInLine(path);
    try {
      return (await takeLock(`${path}.lock`, onWait, isFirst)) ?? nothing;
    } finally {
      await leave();
    }
  } catch (error) {
    if (isSystemError(error)) return nothing; // no room, no permission: a lock is not worth an image
    throw error;
  }
}

/**
 * In the user's cache, wherever a pipeline has its own: a GPU is the machine's. The file's name says which machine, for
 * several may share the folder.
 */
function lockFolder(): string | undefined {
  for (const folder of [join(defaultCacheDir(), "devices"), join(tmpdir(), "skipstep-devices")])
    try {
      makeFolder(folder);
      return folder;
    } catch (error) {
      if (!isSystemError(error)) throw error;
    }
  return undefined;
}
