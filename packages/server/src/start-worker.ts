import { pino } from "pino";
import { openBlobs } from "./blobs/open-blobs";
import { checkBatch, checkModels } from "./check-options";
import { serverOption } from "./errors";
import { drawWith } from "./jobs/draw";
import type { Job } from "./jobs/job";
import { ModelPool } from "./models/model-pool";
import type { QueueOptions, ServerOptions } from "./options";
import { configuredQueue } from "./queues/configured-queue";
import { DeviceWorker } from "./queues/device-worker";

/** What a worker draws with, and which queue it takes jobs from. */
export interface WorkerOptions
  extends Pick<ServerOptions, "models" | "memoryGb" | "batch" | "graceSeconds" | "cacheDir" | "threads" | "log"> {
  /** That of the configs' `queue` when left out. Must have a `url`. */
  readonly queue?: QueueOptions;
  /** Seconds without a sign of life after which a worker's job is given to another. */
  readonly lockSeconds?: number;
}

/** A process that draws what servers accepted. */
export interface ImageWorker {
  /** Takes no more jobs, lets the running one finish within `graceSeconds`, or hands it back, and closes all models. */
  close(): Promise<void>;
}

/** Locks are renewed four times as often. The event loop is blocked while a model is opened most of all; docs/serving.md. */
const usual = { lockSeconds: 30, graceSeconds: 30, batch: 1 };

/**
 * Draws jobs of a queue that servers share, one after the other: a process for each device.
 * @throws SKIPSTEP_SERVER_OPTION, SKIPSTEP_QUEUE_UNREACHABLE, SKIPSTEP_QUEUE_PACKAGE; what `validateConfig` throws
 */
export async function startWorker(options: WorkerOptions): Promise<ImageWorker> {
  const { models, lockSeconds = usual.lockSeconds, graceSeconds = usual.graceSeconds, batch = usual.batch } = options;
  checkModels(models);
  checkBatch(batch);
  const pool = await ModelPool.of(models, options);
  const { url, blobs: place } = configuredQueue(pool, { ...options, host: "", port: 0 });
  if (url === undefined)
    throw serverOption("queue", "of a worker must be one that servers share: redis:// or postgres://");
  const log = pino({ enabled: options.log !== undefined }, options.log ?? process.stderr);
  const onError = (job: Job | undefined, error: unknown): void =>
    log.error({ err: error, job: job?.id }, job ? "a job failed" : "the queue failed");
  const blobs = await openBlobs(place!);
  const run = drawWith({ pool, blobs, batch, onError });
  const worker = await DeviceWorker.start({
    url,
    models: models.map(({ id }) => id),
    blobs,
    run: async (job, drawn) => {
      await run(job, drawn);
      log.info({ job: job.id, model: job.request.model, state: job.state }, "a job ended");
    },
    lockSeconds,
    onError,
  });
  return {
    close: async () => {
      await worker.close(graceSeconds);
      await pool.close();
    },
  };
}
