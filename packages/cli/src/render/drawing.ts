import type { Image, Recipe, Report } from "@skipstep/core";

/** One image, and what it took. */
export interface Drawing {
  readonly image: Image;
  readonly report: Report;
  readonly recipe: Recipe;
}

/** From the first step to the last. */
export function denoiserSeconds({ report }: Drawing): number {
  return report.seconds.phases.denoise ?? 0;
}

/** From the prompt to the image. */
export function wholeSeconds({ report }: Drawing): number {
  return report.seconds.total;
}
