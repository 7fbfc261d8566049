import { type Drawing, denoiserSeconds, wholeSeconds } from "./drawing";
import { median } from "./median";

/** How many times faster than a reference; below 1 it is slower. */
export interface Speedup {
  readonly denoiser: number;
  /** From the prompt to the image. */
  readonly whole: number;
}

/** Of one drawing against the reference's of the same motif. */
export function speedupOf(drawing: Drawing, reference: Drawing): Speedup {
  const ratio = (seconds: (drawing: Drawing) => number): number => seconds(reference) / seconds(drawing);
  return { denoiser: ratio(denoiserSeconds), whole: ratio(wholeSeconds) };
}

/** Medians over motifs. */
export function medianSpeedup(speedups: readonly Speedup[]): Speedup {
  return {
    denoiser: median(speedups.map(({ denoiser }) => denoiser)),
    whole: median(speedups.map(({ whole }) => whole)),
  };
}
