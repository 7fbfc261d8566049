import type { ProgressEvent } from "@skipstep/core";
import type { Job } from "./job";

/** How far a job is, by what its images are told: they are drawn one after the other, or several at once. */
export class DrawingProgress {
  /** Steps done, by image. */
  private readonly done = new Map<number, number>();
  /** Second at which the first step began. */
  private since: number | undefined;

  /** @param images of the job @param seconds since it was begun */
  constructor(
    private readonly job: Job,
    private readonly images: number,
    private readonly seconds: () => number,
  ) {}

  /** @param image whose it is, 0-based @returns when a preview is shown */
  hear(event: ProgressEvent, image: number): Promise<void> | void {
    const { job } = this;
    const seconds = this.seconds();
    if (event.kind === "encode" || event.kind === "decode") {
      const { step, of } = job.progress ?? { step: 0, of: 0 };
      job.advance({ phase: event.kind, step, of, seconds, secondsLeft: null });
    }
    if (event.kind !== "step") return;
    this.since ??= seconds - event.seconds;
    this.done.set(image, event.step);
    const of = event.of * this.images;
    const step = [...this.done.values()].reduce((sum, steps) => sum + steps, 0);
    const secondsLeft = ((seconds - this.since) / step) * (of - step);
    job.advance({ phase: "denoise", step, of, seconds, secondsLeft });
    const [preview] = event.previews ?? [];
    return preview?.toPng({ recipe: false }).then((png) => job.show(png));
  }
}
