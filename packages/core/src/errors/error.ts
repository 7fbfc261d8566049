/**
 * The one error class. Codes are stable and listed in docs/errors.md; messages are one line:
 * what and where, what was found, what to do.
 */
export class SkipstepError extends Error {
  override readonly name = "SkipstepError";
  /** Keys of the config that the mistake stands at, where that is not the whole model. */
  at?: readonly string[];

  constructor(
    readonly code: `SKIPSTEP_${string}`,
    message: string,
    options: { readonly cause?: unknown } = {},
  ) {
    super(message.replace(/\s*\n\s*/g, " "), options);
  }
}

/** Says that a mistake stands at one of the config's `components`. */
export function atComponent(error: SkipstepError, name: string): SkipstepError {
  error.at = ["components", name];
  return error;
}

/** The message of anything that was thrown. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
