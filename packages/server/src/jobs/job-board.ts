import { ApiError } from "../http/api-error";
import type { Job } from "./job";

/** Jobs by id. Nobody sees those of another key: to him they are not there. */
export class JobBoard {
  private readonly jobs = new Map<string, Job>();

  constructor(private readonly kept: number) {}

  add(job: Job): void {
    this.jobs.set(job.id, job);
    void job.ended.then(() => this.prune());
  }

  /** @throws ApiError 404 */
  get(id: string, owner: string): Job {
    const job = this.jobs.get(id);
    if (job?.owner !== owner)
      throw new ApiError(404, "job_not_found", `No job has the id ${JSON.stringify(id)}.`, "id");
    return job;
  }

  /** The newest first. */
  of(owner: string): Job[] {
    return [...this.jobs.values()].filter((job) => job.owner === owner).reverse();
  }

  private prune(): void {
    const over = [...this.jobs.values()].filter(({ isOver }) => isOver);
    for (const job of over.slice(0, Math.max(0, over.length - this.kept))) this.jobs.delete(job.id);
  }
}
