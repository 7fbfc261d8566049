import { SkipstepError } from "@skipstep/core";

/** Others than this machine could draw with it, and it has no keys. */
export function serverUnguarded(host: string): SkipstepError {
  return new SkipstepError(
    "SKIPSTEP_SERVER_UNGUARDED",
    `A server at "${host}" can be reached by other machines, and has no keys. Give it keys, or bind it to 127.0.0.1.`,
  );
}

export function serverOption(name: string, problem: string): SkipstepError {
  return new SkipstepError("SKIPSTEP_SERVER_OPTION", `The server's "${name}" ${problem}.`);
}

/** The address cannot be listened at. */
export function serverAddress(host: string, port: number, cause: unknown): SkipstepError {
  const why = cause instanceof Error ? cause.message : String(cause);
  return new SkipstepError(
    "SKIPSTEP_SERVER_ADDRESS",
    `Nothing can listen at ${host}:${port}: ${why}. Choose another port or host.`,
    { cause },
  );
}
