import { ApiError } from "../http/api-error";
import type { JobQueue } from "../queues/job-queue";
import type { Job } from "./job";

/** What is kept of jobs that are over; the oldest go first. */
export interface Kept {
  readonly jobs: number;
  readonly hours: number;
  /** Of their images; 10^9 bytes. */
  readonly gb: number;
}

/** Milliseconds between looks for what is too old. */
const rounds = 60_000;

/** Jobs by id. Nobody sees those of another key: to him they are not there. */
export class JobBoard {
  private readonly jobs = new Map<string, Job>();
  private readonly timer;

  constructor(
    private readonly queue: JobQueue,
    private readonly kept: Kept,
    private readonly onError: (job: Job, error: unknown) => void,
  ) {
    this.timer = setInterval(() => this.prune(), rounds);
    this.timer.unref();
  }

  add(job: Job): void {
    this.jobs.set(job.id, job);
    void job.ended.then(() => this.prune());
  }

  /** @throws ApiError 404 */
  async get(id: string, owner: string): Promise<Job> {
    let job = this.jobs.get(id);
    if (!job) {
      job = await this.queue.find(id);
      if (job) this.add(job);
    }
    if (job?.owner !== owner)
      throw new ApiError(404, "job_not_found", `No job has the id ${JSON.stringify(id)}.`, "id");
    return job;
  }

  /** The newest first. */
  of(owner: string): Job[] {
    return [...this.jobs.values()].filter((job) => job.owner === owner).reverse();
  }

  /** The one that is drawn for a key, or was begun first of several. */
  runningOf(owner: string): Job | undefined {
    for (const job of this.jobs.values()) if (job.owner === owner && job.state === "running") return job;
    return undefined;
  }

  close(): void {
    clearInterval(this.timer);
  }

  private prune(): void {
    const { jobs, hours, gb } = this.kept;
    const over = [...this.jobs.values()].filter(({ isOver }) => isOver).sort((a, b) => b.endedAt! - a.endedAt!);
    const oldest = Date.now() - hours * 3_600_000;
    let room = gb * 1e9;
    for (const [i, job] of over.entries()) {
      room -= job.images.reduce((sum, { bytes }) => sum + bytes, 0);
      if (i < jobs && (room >= 0 || i === 0) && job.endedAt! >= oldest) continue;
      this.jobs.delete(job.id);
      this.queue.forget(job).catch((error) => this.onError(job, error));
    }
  }
}
