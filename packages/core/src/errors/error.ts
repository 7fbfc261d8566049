import { printable } from "./printable";

/**
 * The one error class. Codes are stable and listed in docs/errors.md; messages are one line of printable text:
 * what and where, what was found, what to do.
 */
export class SkipstepError extends Error {
  override readonly name = "SkipstepError";
  /** Keys of the config that the mistake stands at, where that is not the whole model. */
  at?: readonly string[];
  /** Settings of `generate` that are wrong, where they are known by name. */
  settings?: readonly string[];

  constructor(
    readonly code: `SKIPSTEP_${string}`,
    message: string,
    options: { readonly cause?: unknown } = {},
  ) {
    super(printable(message), options);
  }
}

/** Says that a mistake stands at one of the config's `components`. */
export function atComponent(error: SkipstepError, name: string): SkipstepError {
  error.at = ["components", name];
  return error;
}

/** The message of anything that was thrown, on one line: others write theirs on several. */
export function messageOf(error: unknown): string {
  return textOf(error).replace(/\s*\n\s*/g, " ");
}

function textOf(error: unknown): string {
  if (error instanceof Error) return error.message;
  try {
    return String(error);
  } catch {
    return "something that is no text"; // an object without a prototype
  }
}
