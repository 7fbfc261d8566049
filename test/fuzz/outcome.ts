import { SkipstepError } from "@skipstep/core";

/** How one input ended. */
export type Outcome = "valid" | "drawn" | "coded" | "uncoded" | "hang" | "large";

/** An outcome that is a fault of Skipstep, and how it comes about again. */
export interface Fault {
  readonly kind: string;
  readonly input: number;
  readonly outcome: Outcome;
  readonly text: string;
}

/** Codes that say that nobody foresaw what happened, or that a plugin of ours failed. */
const unforeseen = [
  "SKIPSTEP_UNEXPECTED",
  "SKIPSTEP_HOOK_FAILED",
  "SKIPSTEP_RUNTIME_FAILED",
  "SKIPSTEP_RUNTIME_STOPPED",
];

/** What is wrong with an error: it has no code, or its message is more than one printable line. */
export function faultOf(error: unknown): string | undefined {
  if (!(error instanceof SkipstepError)) return error instanceof Error ? `${error.stack}` : `thrown: ${String(error)}`;
  const { code, message, stack } = error;
  if (unforeseen.includes(code)) return `${stack}\ncaused by ${(error.cause as Error | undefined)?.stack}`;
  if (message.length > 2100 || /[\p{Cc}\p{Zl}\p{Zp}\u202a-\u202e\u2066-\u2069]/u.test(message))
    return `a message that is no short line of printable text: ${JSON.stringify(message.slice(0, 300))}`;
  return undefined;
}
