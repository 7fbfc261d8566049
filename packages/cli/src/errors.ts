import { SkipstepError } from "@skipstep/core";

/** The command line asks for what does not go together, or names what is not there. */
export function usage(problem: string): SkipstepError {
  return new SkipstepError("SKIPSTEP_USAGE", problem);
}

/** A file cannot be written. @param reason the disk is full, it is a folder, ... */
export function outputUnwritable(file: string, reason: string, cause?: unknown): SkipstepError {
  return new SkipstepError("SKIPSTEP_OUTPUT_UNWRITABLE", `${file} cannot be written: ${reason}.`, { cause });
}

/** The image that `--recipe` or `recipe` names cannot be read. */
export function recipeUnreadable(file: string, reason: string, cause: unknown): SkipstepError {
  return new SkipstepError(
    "SKIPSTEP_RECIPE_MISSING",
    `${file} cannot be read: ${reason}. Give a PNG that Skipstep wrote.`,
    { cause },
  );
}

/** The user stopped it. @param reason the signal's */
export function cancelled(reason: string): SkipstepError {
  return new SkipstepError("SKIPSTEP_CANCELLED", `Cancelled: ${reason}`, { cause: reason });
}
