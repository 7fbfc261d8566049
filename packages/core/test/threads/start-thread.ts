/**
 * Stands for core's `runtime/start-thread.ts` in the tests: core's threads start from bundles that are made once a run. From
 * sources each of them would load tsx, which takes longer than all else that they need; commands that tests start as
 * processes do so.
 */
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { Worker, type WorkerOptions } from "node:worker_threads";
// By a path that the alias of vitest.config.ts leaves as it is.
import { threadStart as startFromSource, type ThreadStart } from "../../src/runtime/start-thread";

/** Paths of bundles by those of their sources. */
export type BundledThreads = Readonly<Record<string, string>>;

/** Where the CPU's tensors are to lie in the runtime threads that start from now on: `device-in-main-memory.ts`. */
export const memoryOfTests = { isDevice: false };

/** Of the environment, with `BundledThreads` as JSON. */
export const threadsVariable = "SKIPSTEP_TEST_THREADS";

export function startThread(from: string, built: string, source: string, options: WorkerOptions = {}): Worker {
  return new Worker(...threadStart(from, built, source, options));
}

export function threadStart(from: string, built: string, source: string, options: WorkerOptions): ThreadStart {
  const bundled = JSON.parse(process.env[threadsVariable] ?? "{}") as BundledThreads;
  const asked = fileURLToPath(new URL(source, from));
  const isOnDevice = memoryOfTests.isDevice && asked.endsWith("/runtime/worker.ts");
  const bundle = bundled[isOnDevice ? join(import.meta.dirname, "device-worker.ts") : asked];
  return bundle === undefined ? startFromSource(from, built, source, options) : [pathToFileURL(bundle), options];
}
