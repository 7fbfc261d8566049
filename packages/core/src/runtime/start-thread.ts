import { createRequire } from "node:module";
import { fileURLToPath } from "node:url";
import { Worker, type WorkerOptions } from "node:worker_threads";
import { fileBeside } from "./file-beside";

/** What a thread is started with: the arguments of `new Worker`. */
export type ThreadStart = [script: string | URL, options: WorkerOptions];

/**
 * Starts a thread on a file of the caller's own package, built or not.
 * @param from the caller's `import.meta.url`
 * @param built where the file lies beside the bundle: `./runtime/worker.js`
 * @param source where it lies beside the caller in the sources: `./worker.ts`
 */
export function startThread(from: string, built: string, source: string, options: WorkerOptions = {}): Worker {
  return new Worker(...threadStart(from, built, source, options));
}

/** As `startThread`, for a thread that somebody else starts. */
export function threadStart(from: string, built: string, source: string, options: WorkerOptions): ThreadStart {
  if (!from.endsWith(".ts")) return [fileBeside(from, built), options];
  // In a worker of Node 20 "--import tsx" does nothing: it has to be registered from inside.
  const tsx = createRequire(import.meta.url).resolve(["tsx", "cjs", "api"].join("/")); // bundlers need not find it
  const file = fileURLToPath(new URL(source, from));
  const code = `require(${JSON.stringify(tsx)}).register(); require(${JSON.stringify(file)});`;
  return [code, { execArgv: ["--conditions=@skipstep/source"], ...options, eval: true }];
}
