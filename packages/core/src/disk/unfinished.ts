import { channel } from "node:diagnostics_channel";

/** What is said on the channel `skipstep.unfinished`. */
export interface Unfinished {
  readonly path: string;
  /** False once it was moved to its place or removed. */
  readonly begins: boolean;
}

const unfinished = channel("skipstep.unfinished");

/**
 * Tells whoever may have to end the process in the middle of work, as the command line does on a signal, that a file or
 * folder is to be removed then.
 */
export function beginUnfinished(path: string): void {
  unfinished.publish({ path, begins: true } satisfies Unfinished);
}

/** What was unfinished is in its place, or gone. */
export function endUnfinished(path: string): void {
  unfinished.publish({ path, begins: false } satisfies Unfinished);
}
