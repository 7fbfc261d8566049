import { randomUUID } from "node:crypto";
import type { Report } from "@skipstep/core";
import type { ApiError } from "../http/api-error";
import type { DrawnRequest, OutputFormat } from "./image-request";

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
  readonly bytes: Uint8Array;
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

/** One request on its way. */
export class Job {
  readonly id = randomUUID();
  readonly createdAt = Date.now();
  startedAt: number | undefined;
  endedAt: number | undefined;
  state: JobState = "queued";
  progress: JobProgress | undefined;
  preview: Uint8Array | undefined;
  images: readonly JobImage[] = [];
  reports: readonly Report[] = [];
  error: ApiError | undefined;
  /** Somebody looks at the image while it is drawn: the next step is decoded. */
  isWatched = false;

  private readonly controller = new AbortController();
  private readonly history: JobEvent[] = [];
  private readonly listeners = new Set<(event: JobEvent) => void>();
  private lastId = 0;
  private end!: () => void;
  /** Settled when it is completed, failed or cancelled. */
  readonly ended = new Promise<void>((resolve) => {
    this.end = resolve;
  });

  /** @param owner name of the key that asked */
  constructor(
    readonly owner: string,
    readonly request: DrawnRequest,
    /** Releases what came with the request. */
    private readonly release: () => void,
  ) {
    this.tell({ type: "queued" });
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

  begin(): void {
    this.state = "running";
    this.startedAt = Date.now();
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

  private finish(state: "completed" | "failed" | "cancelled"): void {
    if (this.isOver) return;
    this.state = state;
    this.endedAt = Date.now();
    this.release();
    this.tell({ type: state });
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
