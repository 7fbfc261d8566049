import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { BlobStore } from "../blobs/blob-store";
import { FolderBlobs } from "../blobs/folder-blobs";
import { openBlobs } from "../blobs/open-blobs";
import { drawWith } from "../jobs/draw";
import type { Job } from "../jobs/job";
import type { ModelPool } from "../models/model-pool";
import type { QueueOptions } from "../options";
import type { JobQueue } from "./job-queue";
import { type Journal, openJournal } from "./journal";
import { LocalQueue } from "./local-queue";

/** What a server needs of its queue. */
export interface OpenedQueue {
  readonly queue: JobQueue;
  readonly blobs: BlobStore;
  /** After the queue was closed. */
  close(): Promise<void>;
}

export interface QueueUse {
  readonly pool: ModelPool;
  /** Jobs that may wait. */
  readonly most: number;
  /** Jobs of equal settings in one batch, of a queue in this process. */
  readonly batch: number;
  /** Told what went wrong with a job, or with the queue. */
  readonly onError: (job: Job | undefined, error: unknown) => void;
}

/** @throws SKIPSTEP_QUEUE_TAKEN, SKIPSTEP_QUEUE_UNREACHABLE, SKIPSTEP_QUEUE_PACKAGE, SKIPSTEP_STORE_FAILED */
export async function openQueue(options: QueueOptions, use: QueueUse): Promise<OpenedQueue> {
  if (options.url !== undefined) {
    const blobs = await openBlobs(options.blobs!);
    const { BullQueue } = await import("./bull-queue");
    return { blobs, queue: await BullQueue.connect(options.url, blobs, use), close: async () => undefined };
  }
  if (options.folder !== undefined)
    return local(openJournal(options.folder), new FolderBlobs(join(options.folder, "blobs")), use);
  const folder = await mkdtemp(join(tmpdir(), "skipstep-jobs-"));
  return {
    ...local(undefined, new FolderBlobs(folder), use),
    close: () => rm(folder, { recursive: true, force: true }),
  };
}

function local(journal: Journal | undefined, blobs: BlobStore, { pool, most, batch, onError }: QueueUse): OpenedQueue {
  const run = drawWith({ pool, blobs, batch, onError });
  return { blobs, queue: new LocalQueue({ run, blobs, journal, most, batch, onError }), close: async () => undefined };
}
