import { SkipstepError } from "@skipstep/core";

/** What a call throws, as `code: message`. */
export function thrown(call: () => unknown): string {
  try {
    call();
  } catch (error) {
    if (error instanceof SkipstepError) return `${error.code}: ${error.message}`;
    throw error;
  }
  return "nothing was thrown";
}
