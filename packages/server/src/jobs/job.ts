import { randomUUID } from "node:crypto";
import type { Report } from "@skipstep/core";
import { ApiError } from "../http/api-error";
import type { OutputFormat, QueuedRequest } from "./image-request";

export type JobState = "queued" | "running" | "completed" | "failed" | "cancelled";

/** How far a job is. */
export interface JobProgress {
  /** What it does: opens its model, reads the prompt, denoises, decodes. */
  readonly phase: "open" | "encode" | "denoise" | "decode";
  /** Steps done, and in all, of all of its images. */
  readonly step: number;
  readonly of: number;
  readonly seconds: number;
  readonly secondsLeft: number | null;
}

/** A finished image. */
export interface JobImage {
  /** Where it lies in the blobs. */
  readonly key: string;
  readonly bytes: number;
  readonly format: OutputFormat;
  readonly width: number;
  readonly height: number;
  readonly seed: number;
}

/** What happened to a job, in order; `id` counts from 1, and a client that lost its line goes on after the last it saw. */
export interface JobEvent {
  readonly id: number;
  readonly type: "queued" | "running" | "progress" | "preview" | "completed" | "failed" | "cancelled";
  /** A PNG of what the image would become, for `preview`. */
  readonly preview?: Uint8Array;
  readonly progress?: JobProgress;
}

/** All of a job that outlives its process; JSON. Times in milliseconds since 1970. */
export interface JobRecord {
  readonly id: string;
  /** Name of the key that asked. */
  readonly owner: string;
  readonly request: QueuedRequest;
  readonly createdAt: number;
  readonly state: JobState;
  /** How often it was begun. */
  readonly attempts: number;
  readonly startedAt?: number | undefined;
  readonly endedAt?: number | undefined;
  readonly images: readonly JobImage[];
  readonly reports: readonly Report[];
  readonly error?: Pick<ApiError, "status" | "code" | "message" | "param"> | undefined;
}

/** What became of a job. */
export type JobEnd = Pick<JobRecord, "state" | "startedAt" | "endedAt" | "images" | "reports" | "error">;

/** One request on its way. */
export class Job {
  startedAt: number | undefined;
  endedAt: number | undefined;
  attempts = 0;
  state: JobState = "queued";
  progress: JobProgress | undefined;
  preview: Uint8Array | undefined;
  images: readonly JobImage[] = [];
  reports: readonly Report[] = [];
  error: ApiError | undefined;
  /** Somebody looks at the image while it is drawn: the next step is decoded. */
  isWatched = false;

  /** Another process goes on with it. */
  isHandedBack = false;
  private readonly controller = new AbortController();
  private readonly history: JobEvent[] = [];
  private readonly listeners = new Set<(event: JobEvent) => void>();
  private lastId = 0;
  private end!: () => void;
  /** Settled when it is completed, failed or cancelled, or when this process has no part in it any more. */
  readonly ended = new Promise<void>((resolve) => {
    this.end = resolve;
  });

  /** @param owner name of the key that asked */
  constructor(
    readonly owner: string,
    readonly request: QueuedRequest,
    readonly id = randomUUID() as string,
    readonly createdAt = Date.now(),
  ) {
    this.tell({ type: "queued" });
  }

  /** A job of before. One that was running waits again. */
  static of({ owner, request, id, createdAt, attempts, ...record }: JobRecord): Job {
    const job = new Job(owner, request, id, createdAt);
    job.attempts = attempts;
    if (record.endedAt !== undefined) job.endAs(record);
    return job;
  }

  get record(): JobRecord {
    const { id, owner, request, createdAt, state, attempts, startedAt, endedAt, images, reports, error } = this;
    const told = error && { status: error.status, code: error.code, message: error.message, param: error.param };
    return { id, owner, request, createdAt, state, attempts, startedAt, endedAt, images, reports, error: told };
  }

  get signal(): AbortSignal {
    return this.controller.signal;
  }

  get isOver(): boolean {
    return this.endedAt !== undefined;
  }

  /** What happened after an event; previews that others have followed are left out. */
  eventsAfter(id: number): JobEvent[] {
    return this.history.filter((event) => event.id > id);
  }

  /** @returns what stops it */
  listen(listener: (event: JobEvent) => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  begin(startedAt = Date.now()): void {
    this.state = "running";
    this.startedAt = startedAt;
    this.attempts++;
    this.tell({ type: "running" });
  }

  advance(progress: JobProgress): void {
    this.progress = progress;
    this.forget("progress");
    this.tell({ type: "progress", progress });
  }

  show(preview: Uint8Array): void {
    this.preview = preview;
    this.forget("preview");
    this.tell({ type: "preview", preview, ...(this.progress ? { progress: this.progress } : {}) });
  }

  complete(images: readonly JobImage[], reports: readonly Report[]): void {
    this.images = images;
    this.reports = reports;
    this.finish("completed");
  }

  fail(error: ApiError): void {
    this.error = error;
    this.finish("failed");
  }

  /** A job that waits is over at once; one that runs, at the end of its segment. */
  cancel(): void {
    this.controller.abort();
    if (this.state === "queued") this.finish("cancelled");
  }

  /** What it drew before it was told to stop stays. */
  cancelled(images: readonly JobImage[] = [], reports: readonly Report[] = []): void {
    this.images = images;
    this.reports = reports;
    this.finish("cancelled");
  }

  /** What became of it elsewhere. */
  endAs({ state, startedAt, endedAt, images, reports, error }: JobEnd): void {
    this.startedAt = startedAt ?? this.startedAt;
    this.images = images;
    this.reports = reports;
    if (error) this.error = new ApiError(error.status, error.code, error.message, error.param);
    this.finish(state as "completed" | "failed" | "cancelled", endedAt);
  }

  /** This process stops, and another one goes on with it: from its beginning, where it was running. */
  handBack(): void {
    this.isHandedBack = true;
    this.controller.abort();
    if (this.state === "queued") this.end();
  }

  /** Whoever drew it gave it back, or is dead. */
  waitAgain(): void {
    if (this.state !== "running") return;
    this.state = "queued";
    this.startedAt = undefined;
    this.progress = undefined;
    this.tell({ type: "queued" });
  }

  private finish(state: "completed" | "failed" | "cancelled", endedAt = Date.now()): void {
    if (this.isOver) return;
    if (state === "cancelled" && this.isHandedBack) this.waitAgain();
    else {
      this.state = state;
      this.endedAt = endedAt;
      this.tell({ type: state });
    }
    this.end();
  }

  /** A newer one says all that it said. */
  private forget(type: JobEvent["type"]): void {
    const at = this.history.findIndex((event) => event.type === type);
    if (at >= 0) this.history.splice(at, 1);
  }

  private tell(event: Omit<JobEvent, "id">): void {
    const told = { id: ++this.lastId, ...event };
    this.history.push(told);
    for (const listener of this.listeners) listener(told);
  }
}
