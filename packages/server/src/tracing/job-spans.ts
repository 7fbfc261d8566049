import { type Context, type Span, SpanStatusCode, type TimeInput, type Tracer, trace } from "@opentelemetry/api";
import type { Job, JobEvent, JobProgress } from "../jobs/job";

/** A job as spans: `queue`, then `generate` with `open`, `encode`, `denoise` (with a `step` each) and `decode`. */
export class JobSpans {
  private readonly waiting: Span;
  private drawing: Span | undefined;
  private phase: { readonly name: JobProgress["phase"]; readonly span: Span } | undefined;
  private lastStep: { readonly step: number; readonly at: number } | undefined;

  constructor(
    private readonly tracer: Tracer,
    private readonly parent: Context,
    private readonly job: Job,
  ) {
    const attributes = { "skipstep.job": job.id, "skipstep.model": job.request.model };
    this.waiting = tracer.startSpan("queue", { startTime: job.createdAt, attributes }, parent);
  }

  hear({ type, progress }: JobEvent): void {
    if (type === "running") this.begin();
    else if (type === "progress") this.advance(progress!);
    else if (type === "completed" || type === "failed" || type === "cancelled") this.end(type);
  }

  private begin(): void {
    this.waiting.end();
    const { id, request } = this.job;
    const attributes = { "skipstep.job": id, "skipstep.model": request.model };
    this.drawing = this.tracer.startSpan("generate", { attributes }, this.parent);
  }

  private advance(progress: JobProgress): void {
    const now = Date.now();
    if (progress.phase !== this.phase?.name) this.enter(progress, now);
    if (progress.phase !== "denoise") return;
    const startTime = this.lastStep?.at ?? now - stepMilliseconds(progress);
    const attributes = { "skipstep.step": progress.step, "skipstep.steps": progress.of };
    this.child("step", this.phase!.span, startTime, attributes).end(now);
    this.lastStep = { step: progress.step, at: now };
  }

  /** The first step is told when it is done: denoising began before. */
  private enter(progress: JobProgress, now: number): void {
    const at = progress.phase === "denoise" ? now - stepMilliseconds(progress) : now;
    this.phase?.span.end(at);
    this.lastStep = undefined;
    this.phase = { name: progress.phase, span: this.child(progress.phase, this.drawing!, at, {}) };
  }

  private end(state: "completed" | "failed" | "cancelled"): void {
    const { images, error, progress } = this.job;
    this.waiting.end();
    this.phase?.span.end();
    this.drawing?.setAttributes({
      "skipstep.state": state,
      "skipstep.seeds": images.map(({ seed }) => seed),
      "skipstep.sizes": images.map(({ width, height }) => `${width}x${height}`),
      "skipstep.steps": progress?.step ?? 0,
      ...(error ? { "error.type": error.code } : {}),
    });
    if (state === "failed")
      this.drawing?.setStatus({ code: SpanStatusCode.ERROR, ...(error ? { message: error.message } : {}) });
    this.drawing?.end();
  }

  private child(name: string, parent: Span, startTime: TimeInput, attributes: Record<string, number>): Span {
    return this.tracer.startSpan(name, { startTime, attributes }, trace.setSpan(this.parent, parent));
  }
}

/** By what is left, which is so many steps as long as those that were done took on average. */
function stepMilliseconds({ step, of, secondsLeft }: JobProgress): number {
  return secondsLeft === null || of <= step ? 0 : (1000 * secondsLeft) / (of - step);
}
