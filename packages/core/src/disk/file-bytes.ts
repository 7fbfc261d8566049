import { type BigIntStats, fstatSync, readSync } from "node:fs";
import { fileUnreadable, weightsTruncated } from "../errors/checkpoint";
import { openRegularFile } from "./regular-file";

/** `fs.readSync` takes a 32-bit length. */
const longestRead = 2 ** 30;

/** Opens a file for reading; the caller closes the descriptor. @throws SKIPSTEP_WEIGHTS_UNREADABLE */
export function openFile(path: string): { readonly descriptor: number; readonly stats: BigIntStats } {
  try {
    const descriptor = openRegularFile(path);
    return { descriptor, stats: fstatSync(descriptor, { bigint: true }) };
  } catch (error) {
    throw fileUnreadable(path, error);
  }
}

/**
 * Fills `target` from `position` on, in bytes.
 *
 * @param what is read, for the error: `tensor "x"`
 * @throws SKIPSTEP_WEIGHTS_TRUNCATED, SKIPSTEP_WEIGHTS_UNREADABLE
 */
export function readBytes(descriptor: number, path: string, what: string, target: Uint8Array, position: number): void {
  let done = 0;
  while (done < target.length) {
    const count = readSome(descriptor, path, target.subarray(done), position + done);
    if (count === 0) throw weightsTruncated(path, what, position + target.length, position + done);
    done += count;
  }
}

/** Reads as much as the system gives at once. @returns bytes read, 0 at the end of the file */
export function readSome(descriptor: number, path: string, target: Uint8Array, position: number): number {
  try {
    return readSync(descriptor, target, 0, Math.min(target.length, longestRead), position);
  } catch (error) {
    throw fileUnreadable(path, error);
  }
}
