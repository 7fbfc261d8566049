import { createProgress } from "../progress";
import type { Session } from "../session";
import type { ContenderOptions } from "./contender";
import type { DrawingOptions } from "./drawing-options";

/** Heeds interruptions and shows how far it is while `body` draws. */
export async function whileDrawing<Result>(
  { threads, cache }: DrawingOptions,
  { terminal, interruption }: Session,
  body: (drawing: ContenderOptions) => Promise<Result>,
): Promise<Result> {
  const signal = interruption.heed();
  const progress = await createProgress(terminal.stderr);
  try {
    return await body({ threads, cache, signal, progress });
  } finally {
    progress.stop();
  }
}
