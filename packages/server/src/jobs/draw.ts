import type { GenerateConfig, Pipeline, ProgressEvent, Report } from "@skipstep/core";
import { apiErrorOf } from "../http/api-error";
import type { ModelPool } from "../models/model-pool";
import { encodeImage } from "./encode-image";
import type { Job, JobImage } from "./job";
import type { RunJob } from "./job-queue";
import { previewSteps } from "./preview-steps";

/** What a job is drawn from. */
export interface Drawing {
  readonly pool: ModelPool;
  /** Told what was thrown, before the client is told less. */
  readonly onError: (job: Job, error: unknown) => void;
}

/** Draws a job's images, and tells the job how far it is. */
export function drawWith({ pool, onError }: Drawing): RunJob {
  return async (job) => {
    const { request, signal } = job;
    const images: JobImage[] = [];
    const reports: Report[] = [];
    job.begin();
    try {
      const start = performance.now();
      const seconds = (): number => (performance.now() - start) / 1000;
      const idle = { step: 0, of: 0, secondsLeft: null };
      job.advance({ phase: "open", ...idle, seconds: 0 });
      const pipeline = await pool.open(request.model, request.plugins, { signal });
      const { seeds = [undefined] } = request;
      for (const [i, seed] of seeds.entries()) {
        const onProgress = (event: ProgressEvent): Promise<void> | void => {
          if (event.kind === "encode" || event.kind === "decode") {
            const { step, of } = job.progress ?? idle;
            job.advance({ phase: event.kind, step, of, seconds: seconds(), secondsLeft: null });
          }
          if (event.kind !== "step") return;
          const [of, step] = [event.of * seeds.length, i * event.of + event.step];
          const secondsLeft = (event.seconds / event.step) * (of - step);
          job.advance({ phase: "denoise", step, of, seconds: seconds(), secondsLeft });
          const [preview] = event.previews ?? [];
          return preview?.toPng({ recipe: false }).then((png) => job.show(png));
        };
        const drawn = await drawOne(pipeline, job, seed === undefined ? {} : { seed }, onProgress);
        images.push(...drawn.images);
        reports.push(drawn.report);
      }
      job.complete(images, reports);
    } catch (error) {
      const told = apiErrorOf(error);
      if (signal.aborted) {
        job.cancelled(images, reports);
        return;
      }
      onError(job, error);
      if (told.status >= 500) await pool.forget(request.model); // what failed once may be broken: the next one opens it anew
      job.fail(told);
    }
  };
}

async function drawOne(
  pipeline: Pipeline,
  job: Job,
  own: Pick<GenerateConfig, "seed">,
  onProgress: (event: ProgressEvent) => Promise<void> | void,
): Promise<{ images: JobImage[]; report: Report }> {
  const { request, signal } = job;
  const previews = (step: number, of: number): boolean => {
    const isWanted = previewSteps(of, request.previews).includes(step) || (job.isWatched && step < of);
    job.isWatched = false;
    return isWanted;
  };
  const { settings, scheduler, output, texts } = request;
  const result = await pipeline.generate({ ...settings, ...own, scheduler, signal, onProgress, previews });
  const { seed } = result.report;
  const images = await Promise.all(
    result.images.map(async (image) => ({
      bytes: await encodeImage(image, output, texts?.(seed)),
      format: output.format,
      width: image.width,
      height: image.height,
      seed,
    })),
  );
  return { images, report: result.report };
}
