/**
 * Stands for core's `runtime/start-thread.ts` in the tests: core's threads start from bundles that are made once a run. From
 * sources each of them would load tsx, which takes longer than all else that they need; commands that tests start as
 * processes do so.
 */
import { fileURLToPath, pathToFileURL } from "node:url";
import { Worker, type WorkerOptions } from "node:worker_threads";
// By a path that the alias of vitest.config.ts leaves as it is.
import { threadStart as startFromSource, type ThreadStart } from "../../src/runtime/start-thread";

/** Paths of bundles by those of their sources. */
export type BundledThreads = Readonly<Record<string, string>>;

/** Of the environment, with `BundledThreads` as JSON. */
export const threadsVariable = "SKIPSTEP_TEST_THREADS";

export function startThread(from: string, built: string, source: string, options: WorkerOptions = {}): Worker {
  return new Worker(...threadStart(from, built, source, options));
}

export function threadStart(from: string, built: string, source: string, options: WorkerOptions): ThreadStart {
  const bundled = JSON.parse(process.env[threadsVariable] ?? "{}") as BundledThreads;
  const bundle = bundled[fileURLToPath(new URL(source, from))];
  return bundle === undefined ? startFromSource(from, built, source, options) : [pathToFileURL(bundle), options];
}
