import { randomUUID } from "node:crypto";
import type { EventEmitter } from "node:events";
import { dirname } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import type { Worker } from "bullmq";
import type { BlobStore } from "../blobs/blob-store";
import { Job } from "../jobs/job";
import {
  type BullConnection,
  type BullData,
  type BullEnd,
  bullConnection,
  cancelWord,
  failureText,
  type JobInBull,
  type QueueInBull,
  queueName,
  reached,
  watchWord,
} from "./bull-connection";
import type { BullProgress } from "./bull-queue";
import type { RunJob } from "./local-queue";
import { crashed, mostAttempts } from "./refusals";

export interface DeviceWorkerParts {
  readonly url: string;
  readonly models: readonly string[];
  readonly blobs: BlobStore;
  readonly run: RunJob;
  /** Without a sign of life for as long, a worker is taken for dead and its job is given to another. */
  readonly lockSeconds: number;
  readonly onError: (job: Job | undefined, error: unknown) => void;
}

/** Milliseconds between looks for a job, looks at words for the one that is drawn, and news of how far it is. */
const idle = 100;
const listening = 300;
const news = 200;

type WorkerInBull = Worker<BullData, BullEnd>;
interface Station {
  readonly queue: QueueInBull;
  readonly worker: WorkerInBull;
}

/** Draws what waits in a shared queue for one of its models, one job after the other. */
export class DeviceWorker {
  private readonly stopped = new AbortController();
  private drawing: Job | undefined;
  private isOutOfGrace = false;
  private readonly done: Promise<void>;

  private constructor(
    private readonly stations: readonly Station[],
    private readonly parts: DeviceWorkerParts,
  ) {
    this.done = this.work();
  }

  /** @throws SKIPSTEP_QUEUE_UNREACHABLE, SKIPSTEP_QUEUE_PACKAGE, SKIPSTEP_SERVER_OPTION */
  static async start(parts: DeviceWorkerParts): Promise<DeviceWorker> {
    const connection = await bullConnection(parts.url);
    const stations = parts.models.map((model) => stationOf(connection, model, parts));
    const opened = stations.flatMap(({ queue, worker }) => [queue, worker]);
    try {
      await reached(connection.place, Promise.all(opened.map((one) => one.waitUntilReady())));
    } catch (error) {
      for (const one of opened) void one.close().catch(() => undefined);
      throw error;
    }
    for (const { worker } of stations) await worker.startStalledCheckTimer();
    return new DeviceWorker(stations, parts);
  }

  /** The job that is drawn has so many seconds to finish in, and is handed back then. */
  async close(graceSeconds: number): Promise<void> {
    this.stopped.abort();
    const timer = setTimeout(() => {
      this.isOutOfGrace = true; // for one that is taken just now, too
      this.drawing?.handBack();
    }, graceSeconds * 1000);
    await this.done;
    clearTimeout(timer);
    for (const { queue, worker } of this.stations) {
      await worker.close();
      await queue.close();
    }
  }

  private async work(): Promise<void> {
    const { signal } = this.stopped;
    while (!signal.aborted) {
      try {
        const token = randomUUID();
        const station = this.stations.length === 1 ? this.stations[0] : await this.firstStation();
        const taken = await station?.worker.getNextJob(token, { block: false });
        if (station && taken) await this.draw(taken, token, station.queue);
        else await delay(idle, undefined, { signal });
      } catch (error) {
        if (signal.aborted) return;
        this.parts.onError(undefined, error);
        await delay(1000, undefined, { signal }).catch(() => undefined);
      }
    }
  }

  /** Of several models, that of the job which goes before the others. */
  private async firstStation(): Promise<Station | undefined> {
    const heads = await Promise.all(
      this.stations.map(async (station) => {
        const returned = await station.queue.getJobs(["waiting"], 0, 0, true);
        const [job] = returned.length > 0 ? returned : await station.queue.getJobs(["prioritized"], 0, 0, true);
        return job ? [{ station, job, isReturned: returned.length > 0 }] : [];
      }),
    );
    const [first] = heads
      .flat()
      .sort(
        (a, b) =>
          Number(b.isReturned) - Number(a.isReturned) ||
          a.job.priority - b.job.priority ||
          a.job.timestamp - b.job.timestamp,
      );
    return first?.station;
  }

  private async draw(taken: JobInBull, token: string, queue: QueueInBull): Promise<void> {
    const { lockSeconds, blobs, run, onError } = this.parts;
    if (taken.deferredFailure) {
      await taken.moveToFailed(new Error(failureText(crashed())), token, false);
      return;
    }
    const job = new Job(taken.data.owner, taken.data.request, taken.id!, taken.timestamp);
    job.attempts = taken.attemptsStarted - 1;
    const failed = (error: unknown): void => onError(job, error);
    const renew = async (): Promise<void> => {
      if ((await taken.extendLock(token, lockSeconds * 1000)) !== 1) job.handBack(); // it is another worker's by now
    };
    const lock = setInterval(() => renew().catch(failed), lockSeconds * 250);
    const words = new Words(queue, job);
    const ears = setInterval(() => words.read().catch(failed), listening);
    this.drawing = job;
    if (this.isOutOfGrace) job.handBack();
    const told = this.tell(taken, job);
    try {
      await words.read();
      if (!job.isOver && !job.isHandedBack) await run(job, () => undefined);
      await told();
      await this.settle(taken, job, token);
    } catch (error) {
      failed(error);
      for (const folder of new Set(job.images.map(({ key }) => dirname(key)))) await blobs.remove(folder).catch(failed);
    } finally {
      clearInterval(lock);
      clearInterval(ears);
      this.drawing = undefined;
    }
  }

  /** Only whoever has the lock says what became of a job. */
  private async settle(taken: JobInBull, job: Job, token: string): Promise<void> {
    const { state, startedAt, endedAt, images, reports, error } = job;
    if (error) await taken.moveToFailed(new Error(failureText(error)), token, false);
    else if (job.isOver) await taken.moveToCompleted({ state, startedAt, endedAt, images, reports }, token, false);
    else await taken.moveToWait(token);
  }

  /** Sends how far a job is, not more often than somebody could read it. @returns waits for what is on its way */
  private tell(taken: JobInBull, job: Job): () => Promise<void> {
    const { blobs, onError } = this.parts;
    let sent = Promise.resolve();
    let last = 0;
    let shown = 0;
    job.listen(({ progress, preview }) => {
      if (!progress || (!preview && Date.now() - last < news)) return;
      last = Date.now();
      sent = sent
        .then(async () => {
          if (!preview) return taken.updateProgress(progress satisfies BullProgress);
          const key = `${job.id}/previews/${job.attempts}-${shown++}.png`;
          await blobs.put(key, preview);
          await taken.updateProgress({ ...progress, preview: key } satisfies BullProgress);
        })
        .catch((error) => onError(job, error));
    });
    return async () => {
      await sent;
      if (shown > 0) await blobs.remove(`${job.id}/previews`).catch((error) => onError(job, error));
    };
  }
}

/** What a server wrote to a job's log. */
class Words {
  private heard = 0;

  constructor(
    private readonly queue: QueueInBull,
    private readonly job: Job,
  ) {}

  async read(): Promise<void> {
    const { logs } = await this.queue.getJobLogs(this.job.id, this.heard, -1);
    this.heard += logs.length;
    if (logs.includes(cancelWord)) this.job.cancel();
    if (logs.includes(watchWord)) this.job.isWatched = true;
  }
}

function stationOf(connection: BullConnection, model: string, { lockSeconds, onError }: DeviceWorkerParts): Station {
  const worker = new connection.classes.Worker<BullData, BullEnd>(queueName(model), undefined, {
    ...connection.options(true),
    autorun: false,
    lockDuration: lockSeconds * 1000,
    stalledInterval: lockSeconds * 500,
    maxStalledCount: mostAttempts - 1,
  }) as unknown as WorkerInBull;
  const queue = connection.queue(model);
  for (const one of [queue, worker] as EventEmitter[]) one.on("error", (error) => onError(undefined, error));
  return { queue, worker };
}
