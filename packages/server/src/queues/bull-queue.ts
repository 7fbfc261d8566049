import type { EventEmitter } from "node:events";
import type { QueueEvents } from "bullmq";
import type { BlobStore } from "../blobs/blob-store";
import type { Uploads } from "../jobs/image-request";
import { Job, type JobProgress } from "../jobs/job";
import { keepUploads } from "../jobs/uploaded-files";
import {
  type BullConnection,
  bullConnection,
  cancelWord,
  failureOf,
  type JobInBull,
  type QueueInBull,
  reached,
  watchWord,
} from "./bull-connection";
import { bullPriority } from "./bull-priority";
import type { JobCount, JobQueue } from "./job-queue";
import type { QueueUse } from "./open-queue";
import { crashed, queueClosing, queueFull } from "./refusals";

/** How far a job is, and where its newest preview lies. */
export type BullProgress = JobProgress & { readonly preview?: string };

/** Milliseconds between looks at jobs whose events may have been missed, and at whether somebody watches one. */
const looks = 5000;
const watching = 250;
/** Milliseconds for which an order of waiting jobs is told again. */
const ordered = 250;

/** A queue in Redis, Valkey or PostgreSQL that servers and workers share. Nothing is drawn in this process. */
export class BullQueue implements JobQueue {
  /** Jobs of this server that are not over. */
  private readonly followed = new Map<string, Job>();
  private readonly orders = new Map<string, { readonly at: number; readonly ids: Promise<string[]> }>();
  private readonly timers: NodeJS.Timeout[];
  private isClosed = false;

  private constructor(
    private readonly queues: ReadonlyMap<string, QueueInBull>,
    private readonly events: readonly QueueEvents[],
    private readonly connection: BullConnection,
    private readonly blobs: BlobStore,
    private readonly use: QueueUse,
  ) {
    for (const [i, stream] of [...events].entries()) this.hear(stream, [...queues.values()][i]!);
    this.timers = [setInterval(() => this.look(), looks), setInterval(() => this.watch(), watching)];
  }

  /** @throws SKIPSTEP_QUEUE_UNREACHABLE */
  static async connect(url: string, blobs: BlobStore, use: QueueUse): Promise<BullQueue> {
    const connection = await bullConnection(url);
    const models = use.pool.models.map(({ id }) => id);
    const queues = models.map((model) => connection.queue(model));
    const events = queues.map(
      ({ name }) => new connection.classes.QueueEvents(name, { ...connection.options(true), autorun: true }),
    );
    const opened = [...queues, ...events];
    for (const one of opened) (one as EventEmitter).on("error", (error) => use.onError(undefined, error));
    try {
      await reached(connection.place, Promise.all(opened.map((one) => one.waitUntilReady())));
    } catch (error) {
      for (const one of opened) void one.close().catch(() => undefined);
      throw error;
    }
    const byModel = new Map(models.map((model, i) => [model, queues[i]!]));
    return new BullQueue(byModel, events as unknown as QueueEvents[], connection, blobs, use);
  }

  async open(): Promise<Job[]> {
    const found = await Promise.all([...this.queues.values()].map((queue) => queue.getJobs()));
    const jobs = found.flat().filter((job) => job !== undefined);
    return Promise.all(jobs.sort((a, b) => a.timestamp - b.timestamp).map((job) => this.known(job)));
  }

  async add(job: Job, uploads: Uploads): Promise<void> {
    const { owner, request, id, createdAt: timestamp } = job;
    if (this.isClosed) throw queueClosing();
    this.follow(job); // before the first event
    try {
      const { waiting } = await this.reached(this.count());
      if (waiting >= this.use.most) throw queueFull(this.use.most);
      await keepUploads(this.blobs, request, uploads);
      const options = { jobId: id, timestamp, priority: bullPriority(request.priority) };
      await this.reached(this.queueOf(job).add(request.model, { owner, request }, options));
    } catch (error) {
      this.followed.delete(id);
      await this.blobs.remove(id).catch((failed) => this.use.onError(job, failed));
      throw error;
    }
  }

  async find(id: string): Promise<Job | undefined> {
    const found = await this.inBull(id);
    return found && this.known(found);
  }

  async placeOf(job: Job): Promise<number> {
    const { model } = job.request;
    let order = this.orders.get(model);
    if (!order || order.at < Date.now() - ordered) {
      const waiting = this.queueOf(job).getJobs(["waiting", "prioritized"], 0, -1, true);
      order = { at: Date.now(), ids: waiting.then((jobs) => jobs.map(({ id }) => id!)) };
      this.orders.set(model, order);
    }
    return Math.max(0, (await this.reached(order.ids)).indexOf(job.id));
  }

  async count(): Promise<JobCount> {
    const counts = await Promise.all(
      [...this.queues.values()].map((queue) => queue.getJobCounts("waiting", "prioritized", "active")),
    );
    const sum = (...names: string[]): number =>
      counts.reduce((all, count) => all + names.reduce((of, name) => of + (count[name] ?? 0), 0), 0);
    return { waiting: sum("waiting", "prioritized"), running: sum("active") };
  }

  async forget(job: Job): Promise<void> {
    await (await this.inBull(job.id))?.remove();
    await this.blobs.remove(job.id);
  }

  async close(graceSeconds: number): Promise<void> {
    this.isClosed = true;
    const awaited: Job[] = [];
    for (const job of [...this.followed.values()]) {
      if (!job.request.isAwaited) job.handBack();
      else if (job.state === "running") awaited.push(job);
      else job.cancel();
    }
    const timer = setTimeout(() => {
      for (const job of awaited) job.cancel();
    }, graceSeconds * 1000);
    await Promise.all(awaited.map(({ ended }) => ended));
    clearTimeout(timer);
    for (const each of this.timers) clearInterval(each);
    await Promise.all(this.sent);
    for (const one of [...this.events, ...this.queues.values()]) await one.close();
  }

  /** What is on its way to the database. */
  private readonly sent = new Set<Promise<void>>();

  private follow(job: Job): void {
    this.followed.set(job.id, job);
    job.signal.addEventListener("abort", () => {
      if (!job.isHandedBack) this.send(job, this.cancel(job));
    });
    void job.ended.then(() => {
      this.followed.delete(job.id);
      if (job.isOver) this.send(job, this.blobs.remove(`${job.id}/uploads`));
    });
  }

  private send(job: Job, sending: Promise<void>): void {
    const told = sending.catch((error) => this.use.onError(job, error)).finally(() => this.sent.delete(told));
    this.sent.add(told);
  }

  /** One that waits goes; whoever draws one reads its log. */
  private async cancel(job: Job): Promise<void> {
    const found = await this.inBull(job.id);
    if (!found || found.finishedOn !== undefined) return;
    await found.log(cancelWord);
    await found.remove().then(
      () => job.cancelled(),
      () => undefined, // somebody has taken it: he reads the word
    );
  }

  private watch(): void {
    for (const job of this.followed.values()) {
      if (!job.isWatched || job.state !== "running") continue;
      job.isWatched = false;
      this.send(
        job,
        this.queueOf(job)
          .addJobLog(job.id, watchWord)
          .then(() => undefined),
      );
    }
  }

  private hear(events: QueueEvents, queue: QueueInBull): void {
    const of = (id: string, act: (job: Job) => void): void => {
      const job = this.followed.get(id);
      if (job && !job.isOver) act(job);
    };
    events.on("active", ({ jobId }) => of(jobId, (job) => job.begin()));
    events.on("waiting", ({ jobId }) => of(jobId, (job) => job.waitAgain()));
    events.on("progress", ({ jobId, data }) =>
      of(jobId, (job) => {
        const { preview, ...progress } = data as unknown as BullProgress;
        job.advance(progress);
        if (preview !== undefined) this.send(job, this.show(job, preview));
      }),
    );
    const settle = ({ jobId }: { jobId: string }): void => of(jobId, (job) => this.send(job, this.settle(job, queue)));
    events.on("completed", settle);
    events.on("failed", settle);
    events.on("removed", settle);
  }

  private async show(job: Job, preview: string): Promise<void> {
    try {
      const png = await this.blobs.get(preview);
      if (!job.isOver) job.show(png);
    } catch (error) {
      if (!job.isOver) throw error; // else it went with the job's end
    }
  }

  private look(): void {
    for (const job of this.followed.values()) this.send(job, this.settle(job, this.queueOf(job)));
  }

  /** What became of it, where something has. */
  private async settle(job: Job, queue: QueueInBull): Promise<void> {
    const found = await queue.getJob(job.id);
    if (job.isOver || job.isHandedBack) return;
    if (!found) {
      if (this.accepted(job)) job.cancelled();
    } else if (found.finishedOn !== undefined) end(job, found);
    else await beginWhereDrawn(job, found);
  }

  /** Not one that is still on its way into the queue. */
  private accepted({ createdAt }: Job): boolean {
    return createdAt < Date.now() - 2 * looks;
  }

  private async known(found: JobInBull): Promise<Job> {
    const { id, data, timestamp, attemptsStarted: attempts } = found;
    const followed = this.followed.get(id!);
    if (followed) return followed;
    const job = new Job(data.owner, data.request, id!, timestamp);
    job.attempts = attempts;
    if (found.finishedOn !== undefined) end(job, found);
    else this.follow(job);
    await beginWhereDrawn(job, found);
    return job;
  }

  private async inBull(id: string): Promise<JobInBull | undefined> {
    for (const queue of this.queues.values()) {
      const found = await this.reached(queue.getJob(id));
      if (found) return found;
    }
    return undefined;
  }

  private queueOf({ request }: Job): QueueInBull {
    return this.queues.get(request.model)!;
  }

  private reached<Result>(waiting: Promise<Result>): Promise<Result> {
    return reached(this.connection.place, waiting);
  }
}

/** One that was begun may have been given back: then it waits. */
async function beginWhereDrawn(job: Job, found: JobInBull): Promise<void> {
  if (job.state !== "queued" || found.processedOn === undefined || !(await found.isActive())) return;
  if (job.state === "queued") job.begin(found.processedOn); // else an event told it meanwhile
}

function end(job: Job, { returnvalue, failedReason, finishedOn, processedOn }: JobInBull): void {
  if (failedReason)
    job.endAs({
      state: "failed",
      startedAt: processedOn,
      endedAt: finishedOn,
      images: [],
      reports: [],
      error: failureOf(failedReason) ?? crashed(),
    });
  else job.endAs({ ...returnvalue, endedAt: finishedOn });
}
