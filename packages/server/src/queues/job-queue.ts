import type { Uploads } from "../jobs/image-request";
import type { Job } from "../jobs/job";

/** Where accepted jobs wait for whoever draws them: those of a higher priority first, and of these the oldest. */
export interface JobQueue {
  /** Jobs of before, in the order in which they came. Those that are not over go on. */
  open(): Promise<readonly Job[]>;
  /**
   * The job is safe, as far as this queue makes anything safe, when it is settled.
   * @throws ApiError 429 when too many wait, 503 when the server is closing; SKIPSTEP_STORE_FULL, ...
   */
  add(job: Job, uploads: Uploads): Promise<void>;
  /** A job that came to the queue through another server. */
  find(id: string): Promise<Job | undefined>;
  /** Those before it; 0 for the next one, and for what waits no longer. */
  placeOf(job: Job): Promise<number>;
  count(): Promise<JobCount>;
  /** A job that is over goes, and all that it left. */
  forget(job: Job): Promise<void>;
  /** Jobs that are not over go on when the queue is opened again, where it outlives the server; else they are cancelled. */
  close(graceSeconds: number): Promise<void>;
}

export interface JobCount {
  readonly waiting: number;
  readonly running: number;
}
