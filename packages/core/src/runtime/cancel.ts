import { cancelled } from "../errors/runtime";

/**
 * @throws SKIPSTEP_CANCELLED, with the signal's reason as `cause`, once `signal` is aborted
 */
export function throwIfAborted(signal: AbortSignal | undefined): void {
  if (signal?.aborted) throw cancelled(signal.reason);
}
