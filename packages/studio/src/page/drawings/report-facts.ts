import type { Drawing } from "./drawing";
import { secondsText } from "./progress-text";

/** What a report says, by the names of a table's rows. */
export interface ReportFacts {
  readonly steps: number | undefined;
  /** Steps at which a plugin used again what it had, in a part of the model or all of it. */
  readonly skipped: number | undefined;
  readonly seconds: number | undefined;
  readonly denoising: number | undefined;
  /** What each plugin says of itself. */
  readonly plugins: readonly string[];
}

export function reportFacts({ now }: Drawing): ReportFacts {
  const { report } = now.value;
  const regions = report?.plugins.flatMap((plugin) => plugin.regions) ?? [];
  const all = new Set(regions.flatMap(({ computed, reused }) => [...computed, ...reused]));
  const reused = new Set(regions.flatMap((region) => region.reused));
  return {
    steps: all.size > 0 ? all.size : undefined,
    skipped: report && reused.size,
    seconds: report?.seconds.total,
    denoising: report?.seconds.phases.denoise,
    plugins: report?.plugins.map(({ name, summary }) => `${name}: ${summary}`) ?? [],
  };
}

/** `Drawn in 3.1 s`, and what was skipped. */
export function factsText(drawing: Drawing): string {
  const { seconds, skipped, steps } = reportFacts(drawing);
  if (seconds === undefined) return "";
  return `Drawn in ${secondsText(seconds)}${skipped ? `, ${skipped} of ${steps} steps skipped` : ""}`;
}
