import { randomUUID } from "node:crypto";
import type { GenerateConfig, GenerateRequest, GenerateResult, ProgressEvent, Report } from "@skipstep/core";
import type { BlobStore } from "../blobs/blob-store";
import { apiErrorOf } from "../http/api-error";
import type { ModelPool } from "../models/model-pool";
import type { RunJob } from "../queues/local-queue";
import { DrawingProgress } from "./drawing-progress";
import { encodeImage } from "./encode-image";
import type { QueuedRequest } from "./image-request";
import type { Job, JobImage } from "./job";
import { previewSteps } from "./preview-steps";
import { keptUploads, type UploadedFiles, writeUploads } from "./uploaded-files";

/** What a job is drawn from. */
export interface Drawing {
  readonly pool: ModelPool;
  /** Where its pictures are, and where its images go. */
  readonly blobs: BlobStore;
  /** Images of a job's seeds that are drawn in one batch. */
  readonly batch: number;
  /** Told what was thrown, before the client is told less. */
  readonly onError: (job: Job, error: unknown) => void;
}

/** Draws a job's images, and tells the job how far it is. */
export function drawWith({ pool, blobs, batch, onError }: Drawing): RunJob {
  return async (job, drawn, together) => {
    const { request, signal } = job;
    const images: JobImage[] = [];
    const folder = randomUUID(); // of this attempt: should the job be taken for lost and drawn twice, each has its own
    const reports: Report[] = [];
    let uploaded: UploadedFiles | undefined;
    let isDrawn = false;
    job.begin();
    try {
      uploaded = writeUploads(await keptUploads(blobs, request));
      const start = performance.now();
      const seconds = (): number => (performance.now() - start) / 1000;
      job.advance({ phase: "open", step: 0, of: 0, seconds: 0, secondsLeft: null });
      const pipeline = await pool.open(request.model, request.plugins, { signal });
      const { seeds = [undefined] } = request;
      const progress = new DrawingProgress(job, seeds.length, seconds);
      for (let begun = 0; begun < seeds.length; begun += batch) {
        const asked = seeds.slice(begun, begun + batch).map((seed, i) => {
          const own = { ...uploaded!.settings, ...(seed === undefined ? {} : { seed }) };
          return requestOf(job, own, (event) => progress.hear(event, begun + i));
        });
        const drawing = together ? [together.generate(job, pipeline, asked[0]!)] : pipeline.generateTogether(asked);
        const results = await Promise.allSettled(drawing);
        isDrawn = begun + batch >= seeds.length && results.every(({ status }) => status === "fulfilled");
        if (isDrawn) drawn();
        for (const result of results) {
          if (result.status === "rejected") throw result.reason;
          for (const { bytes, ...image } of await encodeAll(result.value, request)) {
            const key = `${job.id}/${folder}/${images.length}.${image.format}`;
            await blobs.put(key, bytes);
            images.push({ key, bytes: bytes.length, ...image });
          }
          reports.push(result.value.report);
        }
      }
      job.complete(images, reports);
    } catch (error) {
      const told = apiErrorOf(error);
      if (signal.aborted) {
        job.cancelled(images, reports);
        return;
      }
      onError(job, error);
      together?.leave(job);
      await blobs.remove(`${job.id}/${folder}`).catch((failed) => onError(job, failed));
      // What failed once may be broken: the next job opens it anew. What came after says nothing of the model.
      const isBroken = told.status === 500 && !isDrawn && !/^SKIPSTEP_STORE_/.test(told.code);
      if (isBroken && !together) await pool.forget(request.model);
      job.fail(told);
      if (isBroken && together) await together.over.then(() => pool.forget(request.model)); // others draw with it
    } finally {
      together?.leave(job);
      uploaded?.remove();
    }
  };
}

type DrawnImage = Omit<JobImage, "key" | "bytes"> & { readonly bytes: Uint8Array };

function requestOf(
  job: Job,
  own: GenerateConfig,
  onProgress: (event: ProgressEvent) => Promise<void> | void,
): GenerateRequest {
  const { request, signal } = job;
  const previews = (step: number, of: number): boolean => {
    const isWanted = previewSteps(of, request.previews).includes(step) || (job.isWatched && step < of);
    job.isWatched = false;
    return isWanted;
  };
  const { settings, scheduler } = request;
  return { ...settings, ...own, scheduler, signal, onProgress, previews };
}

function encodeAll({ images, report: { seed } }: GenerateResult, request: QueuedRequest): Promise<DrawnImage[]> {
  const { output, texts } = request;
  return Promise.all(
    images.map(async (image) => ({
      bytes: await encodeImage(image, output, texts?.[seed]),
      format: output.format,
      width: image.width,
      height: image.height,
      seed,
    })),
  );
}
