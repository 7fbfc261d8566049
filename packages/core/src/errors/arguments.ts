import { messageOf, SkipstepError } from "./error";

/** A function was called with what it does not take. @param problems one phrase each: `"signal" must be an AbortSignal, found 3` */
export function argumentInvalid(call: string, problems: readonly string[]): SkipstepError {
  return new SkipstepError("SKIPSTEP_ARGUMENT_INVALID", `${call}: ${problems.join("; ")}.`);
}

/** The caller's own `onProgress` threw, or gave a promise that was rejected. */
export function progressFailed(cause: unknown): SkipstepError {
  return new SkipstepError(
    "SKIPSTEP_PROGRESS_FAILED",
    `onProgress failed: ${messageOf(cause)}. Correct the function that was passed; an AbortSignal is what stops the work.`,
    { cause },
  );
}
