import { startWorker } from "@skipstep/server";
import { type QueuePlace, queueAt } from "./queue-place";
import { type ServedOptions, servedModels } from "./served-models";
import type { Session } from "./session";

export interface WorkerCommandOptions extends ServedOptions, QueuePlace {
  /** Seconds. */
  readonly lock: number;
  readonly grace: number;
  /** Images of a job that are drawn at once. */
  readonly batch?: number;
  readonly log?: true;
}

/** Milliseconds in which a job that was not finished is handed back. */
const handingBack = 5000;

/** `skipstep worker`: draws what servers accepted until it is told to stop. */
export async function worker(
  configs: readonly string[],
  options: WorkerCommandOptions,
  { terminal, interruption }: Session,
): Promise<void> {
  const { lock, grace, batch, log } = options;
  const { limits: _, ...served } = servedModels("worker", configs, options);
  const stopped = interruption.heed(grace * 1000 + handingBack);
  const started = await startWorker({
    ...served,
    lockSeconds: lock,
    graceSeconds: grace,
    ...queueAt(options),
    ...(batch === undefined ? {} : { batch }),
    ...(log ? { log: process.stdout } : {}),
  });
  terminal.complain([`Draws jobs for ${served.models.map(({ id }) => id).join(", ")}. Ctrl-C stops it.`]);
  if (!stopped.aborted) await new Promise((resolve) => stopped.addEventListener("abort", resolve, { once: true }));
  terminal.complain(["Stopping: what is being drawn is finished first."]);
  await started.close();
}
