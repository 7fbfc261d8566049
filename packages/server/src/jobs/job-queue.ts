import { ApiError } from "../http/api-error";
import type { Job } from "./job";

/** Runs a job to its end; what goes wrong is told to the job. */
export type RunJob = (job: Job) => Promise<void>;

/** Jobs one after the other, those of a higher priority first: one device draws one image at a time. */
export class JobQueue {
  private readonly waiting: Job[] = [];
  running: Job | undefined;
  private isClosed = false;
  private idle = Promise.resolve();

  constructor(
    private readonly run: RunJob,
    private readonly most: number,
  ) {}

  get length(): number {
    return this.waiting.length;
  }

  /** Those before it; 0 for the next one, and for what waits no longer. */
  placeOf(job: Job): number {
    return Math.max(0, this.waiting.indexOf(job));
  }

  /** @throws ApiError 429 when too many wait, 503 when the server is closing */
  add(job: Job): void {
    if (this.isClosed) throw new ApiError(503, "server_closing", "The server is about to stop.");
    if (this.waiting.length >= this.most)
      throw new ApiError(429, "queue_full", `${this.most} jobs wait already. Ask again later.`);
    const { priority } = job.request;
    const after = this.waiting.findIndex((other) => other.request.priority < priority);
    this.waiting.splice(after < 0 ? this.waiting.length : after, 0, job);
    void job.ended.then(() => this.drop(job));
    if (!this.running) this.next();
  }

  /** Jobs that wait are cancelled, and the one that runs after so many seconds. */
  async close(graceSeconds: number): Promise<void> {
    this.isClosed = true;
    for (const job of [...this.waiting]) job.cancel();
    const { running } = this;
    const timer = setTimeout(() => running?.cancel(), graceSeconds * 1000);
    await this.idle;
    clearTimeout(timer);
  }

  private drop(job: Job): void {
    const at = this.waiting.indexOf(job);
    if (at >= 0) this.waiting.splice(at, 1);
  }

  private next(): void {
    const job = this.waiting.shift();
    this.running = job;
    if (job) this.idle = this.run(job).finally(() => this.next());
  }
}
