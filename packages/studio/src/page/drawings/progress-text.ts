import type { DrawingState } from "./drawing";

/** Where an image is, in one line: `Step 7 of 20, 3 s left`. */
export function progressText({ status, place, progress, isLineLost, problem }: DrawingState): string {
  if (status === "failed") return problem ?? "It failed.";
  if (status === "cancelled") return "Cancelled.";
  if (isLineLost) return "The line is lost; asking again.";
  if (status === "queued") return place ? `Waits behind ${place} ${place === 1 ? "other" : "others"}` : "Comes next";
  if (!progress || progress.phase === "open") return "Opening the model";
  if (progress.phase === "encode") return "Reading the prompt";
  if (progress.phase === "decode") return "Decoding";
  const { step, of, seconds_left: left } = progress;
  return `Step ${step} of ${of}${left === null ? "" : `, ${secondsText(left)} left`}`;
}

/** `0.4 s`, `12 s`, `3 min 20 s` */
export function secondsText(seconds: number): string {
  if (seconds < 10) return `${seconds.toFixed(1)} s`;
  if (seconds < 60) return `${Math.round(seconds)} s`;
  return `${Math.floor(seconds / 60)} min ${Math.round(seconds % 60)} s`;
}
