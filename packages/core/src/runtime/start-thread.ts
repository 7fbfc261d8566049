import { createRequire } from "node:module";
import { fileURLToPath } from "node:url";
import { Worker, type WorkerOptions } from "node:worker_threads";

/**
 * Starts a thread on a file of the caller's own package, built or not.
 * @param from the caller's `import.meta.url`
 * @param built where the file lies beside the bundle: `./runtime/worker.js`
 * @param source where it lies beside the caller in the sources: `./worker.ts`
 */
export function startThread(from: string, built: string, source: string, options: WorkerOptions = {}): Worker {
  if (!from.endsWith(".ts")) return new Worker(new URL(built, from), options);
  // In a worker of Node 20 "--import tsx" does nothing: it has to be registered from inside.
  const tsx = createRequire(import.meta.url).resolve("tsx/cjs/api");
  const file = fileURLToPath(new URL(source, from));
  const code = `require(${JSON.stringify(tsx)}).register(); require(${JSON.stringify(file)});`;
  return new Worker(code, { execArgv: ["--conditions=@skipstep/source"], ...options, eval: true });
}
