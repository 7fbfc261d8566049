import { closeSync, fstatSync, readFileSync } from "node:fs";
import { openRegularFile } from "./regular-file";

/** More than any file of JSON or text that comes with a model: the largest tokenizers have 35 MB. */
export const largestSmallFile = 128 * 2 ** 20;

/**
 * Reads a file that somebody else wrote and that is held in memory as a whole.
 *
 * @param most bytes that it may have
 * @throws as `openRegularFile`, and an error like the system's, code `EFBIG`, for a larger one
 */
export function readSmallFile(path: string, most = largestSmallFile): Buffer {
  const descriptor = openRegularFile(path);
  try {
    const { size } = fstatSync(descriptor);
    if (size <= most) return readFileSync(descriptor);
    const error = new Error(`it is ${size} bytes long, and ${most} is the most`);
    throw Object.assign(error, { code: "EFBIG", syscall: "read", path });
  } finally {
    closeSync(descriptor);
  }
}

/** The same as text in UTF-8. */
export function readSmallText(path: string, most = largestSmallFile): string {
  return readSmallFile(path, most).toString("utf8");
}
