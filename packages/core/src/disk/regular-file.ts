import { closeSync, constants, fstatSync, openSync, readFileSync, type StatsBase, statSync } from "node:fs";

/** What a path may be besides a file, in words. */
const kinds = [
  ["isDirectory", "a folder"],
  ["isFIFO", "a pipe (FIFO)"],
  ["isSocket", "a socket"],
  ["isCharacterDevice", "a device"],
  ["isBlockDevice", "a device"],
] as const;

/**
 * Opens a file for reading, at once and regular files only: to open a pipe that nobody writes to takes for ever, a
 * device may never end, and to open one may already do something. The caller closes the descriptor.
 *
 * @throws what the system does, and an error like the system's, code `EFTYPE`, for what is no file
 */
export function openRegularFile(path: string): number {
  checkRegularFile(path);
  const descriptor = openSync(path, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0));
  try {
    check(path, fstatSync(descriptor)); // it may have been replaced since
    return descriptor;
  } catch (error) {
    closeSync(descriptor);
    throw error;
  }
}

/** Reads a whole file. @throws as `openRegularFile` */
export function readRegularFile(path: string): Buffer {
  const descriptor = openRegularFile(path);
  try {
    return readFileSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}

/** Reads a whole file as UTF-8. @throws as `openRegularFile` */
export function readRegularText(path: string): string {
  return readRegularFile(path).toString("utf8");
}

/** For files that others open by their path. @throws as `openRegularFile` */
export function checkRegularFile(path: string): void {
  check(path, statSync(path));
}

function check(path: string, stats: StatsBase<number>): void {
  if (stats.isFile()) return;
  const [, kind] = kinds.find(([method]) => stats[method]()) ?? ["", "something else"];
  const error = new Error(`it is ${kind}, and no regular file`);
  throw Object.assign(error, { code: "EFTYPE", syscall: "open", path });
}
