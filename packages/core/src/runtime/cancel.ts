import { cancelled } from "../errors/runtime";

/**
 * @throws SKIPSTEP_CANCELLED, with the signal's reason as `cause`, once `signal` is aborted
 */
export function throwIfAborted(signal: AbortSignal | undefined): void {
  if (signal?.aborted) throw cancelled(signal.reason);
}

/**
 * Waits for something that goes on by itself.
 * @throws SKIPSTEP_CANCELLED as soon as `signal` is aborted
 */
export async function unlessAborted<T>(awaited: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  throwIfAborted(signal);
  if (!signal) return awaited;
  let listener = (): void => undefined;
  const aborted = new Promise<never>((_, reject) => {
    listener = () => reject(cancelled(signal.reason));
    signal.addEventListener("abort", listener, { once: true });
  });
  return Promise.race([awaited, aborted]).finally(() => signal.removeEventListener("abort", listener));
}
