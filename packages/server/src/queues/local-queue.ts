import type { BlobStore } from "../blobs/blob-store";
import type { Uploads } from "../jobs/image-request";
import { Job } from "../jobs/job";
import { Together, togetherKey } from "../jobs/together";
import { keepUploads } from "../jobs/uploaded-files";
import type { JobCount, JobQueue } from "./job-queue";
import type { Journal } from "./journal";
import { crashed, mostAttempts, queueClosing, queueFull } from "./refusals";

/**
 * Runs a job to its end; what goes wrong is told to the job.
 * @param drawn called when the device is free: what is left to do is encoding and storing
 * @param together those that are run at the same time, to be drawn in one batch
 */
export type RunJob = (job: Job, drawn: () => void, together?: Together) => Promise<void>;

/** What a queue in this process is made of. */
export interface LocalQueueParts {
  readonly run: RunJob;
  readonly blobs: BlobStore;
  /** Where jobs outlive the server; they are in memory alone without it. */
  readonly journal: Journal | undefined;
  /** Jobs that may wait. */
  readonly most: number;
  /** Jobs of equal settings that are drawn in one batch at most. */
  readonly batch: number;
  /** Told of what could not be written down about a job. */
  readonly onError: (job: Job, error: unknown) => void;
}

/**
 * Jobs of this process, one after the other, or as many as a batch may have that wait at the same time with equal
 * settings and the same priority. While one is drawn, those of the job before are encoded and stored.
 */
export class LocalQueue implements JobQueue {
  private readonly waiting: Job[] = [];
  /** In one batch. */
  private running: readonly Job[] = [];
  private adding = 0;
  private isClosed = false;
  /** All that were begun are over. */
  private finished = Promise.resolve();

  constructor(private readonly parts: LocalQueueParts) {}

  async open(): Promise<Job[]> {
    const { journal, blobs } = this.parts;
    if (!journal) return [];
    const jobs = journal.records().map((record) => Job.of(record));
    const known = new Set(jobs.map(({ id }) => id));
    for (const id of await blobs.jobs()) if (!known.has(id)) await blobs.remove(id); // was never accepted
    for (const job of jobs.filter(({ isOver }) => !isOver)) {
      this.follow(job);
      if (job.request.isAwaited) job.cancel();
      else if (job.attempts >= mostAttempts) job.fail(crashed());
      else this.enqueue(job);
    }
    this.next();
    return jobs;
  }

  async add(job: Job, uploads: Uploads): Promise<void> {
    const { blobs, journal, most } = this.parts;
    if (this.isClosed) throw queueClosing();
    if (this.waiting.length + this.adding >= most) throw queueFull(most);
    this.adding++;
    try {
      await keepUploads(blobs, job.request, uploads);
      if (this.isClosed) throw queueClosing();
      journal?.accept(job.record);
    } catch (error) {
      await blobs.remove(job.id);
      throw error;
    } finally {
      this.adding--;
    }
    this.follow(job);
    this.enqueue(job);
    this.next();
  }

  async find(): Promise<undefined> {
    return undefined; // all are on the server's board
  }

  async placeOf(job: Job): Promise<number> {
    return Math.max(0, this.waiting.indexOf(job));
  }

  async count(): Promise<JobCount> {
    return { waiting: this.waiting.length, running: this.running.length };
  }

  async forget({ id }: Job): Promise<void> {
    this.parts.journal?.forget(id);
    await this.parts.blobs.remove(id);
  }

  async close(graceSeconds: number): Promise<void> {
    this.isClosed = true;
    const leave = (job: Job): void => (this.parts.journal && !job.request.isAwaited ? job.handBack() : job.cancel());
    for (const job of this.waiting.splice(0)) leave(job);
    const { running } = this;
    const timer = setTimeout(() => running.forEach(leave), graceSeconds * 1000);
    await this.finished;
    clearTimeout(timer);
    this.parts.journal?.close();
  }

  /** Written down before anybody is told. */
  private follow(job: Job): void {
    const { journal, blobs, onError } = this.parts;
    job.listen(({ type }) => {
      if (type === "progress" || type === "preview") return;
      try {
        journal?.update(job.record);
      } catch (error) {
        onError(job, error);
      }
    });
    void job.ended.then(() => {
      const at = this.waiting.indexOf(job);
      if (at >= 0) this.waiting.splice(at, 1);
      if (job.isOver) blobs.remove(`${job.id}/uploads`).catch((error) => onError(job, error));
    });
  }

  private enqueue(job: Job): void {
    if (job.isOver) return;
    const { priority } = job.request;
    const after = this.waiting.findIndex((other) => other.request.priority < priority);
    this.waiting.splice(after < 0 ? this.waiting.length : after, 0, job);
  }

  /** Not more than one batch is drawn, and not more than one stored: pixels of many would fill the memory. */
  private next(): void {
    if (this.running.length > 0) return;
    const batch = this.take();
    if (batch.length === 0) return;
    this.running = batch;
    const before = this.finished;
    const together = batch.length > 1 ? new Together(batch) : undefined;
    const drawn = batch.map(
      (job) =>
        new Promise<void>((free) => {
          const over = this.parts.run(job, free, together).finally(free);
          this.finished = Promise.all([this.finished, over]).then(() => undefined);
        }),
    );
    void Promise.all([before, ...drawn]).then(() => {
      this.running = [];
      this.next();
    });
  }

  /** The first that waits, and those behind it that are drawn in the same batch. */
  private take(): Job[] {
    const [first] = this.waiting;
    if (!first) return [];
    const key = this.parts.batch > 1 ? togetherKey(first) : undefined;
    const batch = [first];
    if (key !== undefined)
      for (const job of this.waiting.slice(1)) {
        if (batch.length === this.parts.batch) break;
        if (togetherKey(job) === key) batch.push(job);
      }
    for (const job of batch) this.waiting.splice(this.waiting.indexOf(job), 1);
    return batch;
  }
}
