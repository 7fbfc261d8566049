import type { GenerateRequest, GenerateResult, Pipeline } from "@skipstep/core";
import type { Job } from "./job";

/** A job that waits for the others. */
interface Seated {
  readonly pipeline: Pipeline;
  readonly request: GenerateRequest;
  readonly settle: (result: Promise<GenerateResult>) => void;
}

/** Jobs that one batch may draw: each comes with its request once its model is open, or leaves because it failed before. */
export class Together {
  private readonly missing: Set<Job>;
  private readonly seated: Seated[] = [];
  private end!: () => void;
  /** Settled when nothing is drawn for any of them any more. */
  readonly over = new Promise<void>((resolve) => {
    this.end = resolve;
  });

  constructor(jobs: readonly Job[]) {
    this.missing = new Set(jobs);
  }

  /** Waits until all others have come or left. */
  generate(job: Job, pipeline: Pipeline, request: GenerateRequest): Promise<GenerateResult> {
    return new Promise((settle) => {
      this.seated.push({ pipeline, request, settle });
      this.leave(job);
    });
  }

  /** Is not waited for any more. */
  leave(job: Job): void {
    if (this.missing.delete(job) && this.missing.size === 0) this.draw();
  }

  /** One that opened its model anew, after an error of another, has a pipeline of its own. */
  private draw(): void {
    const drawn: Promise<GenerateResult>[] = [];
    for (const pipeline of new Set(this.seated.map((seated) => seated.pipeline))) {
      const seated = this.seated.filter((other) => other.pipeline === pipeline);
      const results = pipeline.generateTogether(seated.map(({ request }) => request));
      for (const [i, { settle }] of seated.entries()) settle(results[i]!);
      drawn.push(...results);
    }
    void Promise.allSettled(drawn).then(this.end);
  }
}

/** Settings that requests of one batch may differ in: each draws its own, by its own seed. */
const own = /^((negative_)?prompt(_\d)?|class_labels|seed)$/;

/**
 * By what jobs may be drawn together; nothing for one that goes alone, as does one that was begun before: should it be
 * what ended the server, it ends no others' attempts.
 */
export function togetherKey({ request, attempts }: Job): string | undefined {
  if (attempts > 0) return undefined;
  const { model, settings, seeds = [], scheduler, plugins, pictures, priority } = request;
  if (seeds.length > 1 || Object.keys(pictures).length > 0 || settings.loras) return undefined;
  const same = Object.entries(settings).filter(([name]) => !own.test(name));
  return JSON.stringify([model, priority, scheduler, plugins, same.sort(([one], [other]) => (one < other ? -1 : 1))]);
}
