import { EventSourceParserStream } from "eventsource-parser/stream";
import { type Ask, askJson } from "./ask";
import { ToolError } from "./tool-error";

/** A job as the server tells it; as much of it as is looked at here. */
export interface Job {
  readonly id: string;
  readonly status: "queued" | "running" | "completed" | "failed" | "cancelled";
  readonly model: string;
  readonly place: number | null;
  readonly images: readonly {
    readonly url: string;
    readonly width: number;
    readonly height: number;
    readonly seed: number;
  }[];
  readonly reports: readonly Report[];
  readonly error: { readonly code: string; readonly message: string; readonly param: string | null } | null;
}

interface Report {
  readonly seed: number;
  readonly seconds: { readonly total: number };
  readonly plugins: readonly { readonly name: string; readonly summary: string }[];
  readonly warnings: readonly string[];
}

/** How far a job is, of all its images. */
export interface Progress {
  readonly phase: string;
  readonly step: number;
  readonly of: number;
}

export interface Watching {
  readonly signal: AbortSignal;
  readonly onProgress: (progress: Progress) => void;
}

/**
 * Asks for a job and follows it to its end; it is cancelled when the signal says so.
 * @throws ToolError
 */
export async function drawnJob(ask: Ask, body: object, { signal, onProgress }: Watching): Promise<Job> {
  const { id } = await askJson<Job>(ask, "/v1/jobs", { method: "POST", body });
  const cancel = (): void => void ask(`/v1/jobs/${id}`, { method: "DELETE" }).catch(() => undefined);
  signal.addEventListener("abort", cancel, { once: true });
  if (signal.aborted) cancel();
  try {
    await follow(ask, id, onProgress);
    const job = await askJson<Job>(ask, `/v1/jobs/${id}`);
    if (job.error) throw new ToolError(job.error.code, job.error.message, job.error.param);
    if (job.status !== "completed") throw new ToolError("cancelled", "The job was cancelled.");
    return job;
  } finally {
    signal.removeEventListener("abort", cancel);
  }
}

/** Reads a job's events until there are no more. */
async function follow(ask: Ask, id: string, onProgress: (progress: Progress) => void): Promise<void> {
  const { body } = await ask(`/v1/jobs/${id}/events`);
  const events = body!.pipeThrough(new TextDecoderStream()).pipeThrough(new EventSourceParserStream());
  for await (const { event, data } of events) if (event === "progress") onProgress(JSON.parse(data) as Progress);
}
