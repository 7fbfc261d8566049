import { closeSync, fsyncSync, openSync } from "node:fs";
import { isSystemError } from "./system-error";

/**
 * Waits until a file's content, or a folder's list of names, is on the disk: what is renamed after that is whole also
 * after a power cut. Systems that cannot do that for folders (Windows) go without.
 */
export function syncToDisk(path: string): void {
  let descriptor: number | undefined;
  try {
    descriptor = openSync(path, "r");
    fsyncSync(descriptor);
  } catch (error) {
    if (!(isSystemError(error) && ["EPERM", "EISDIR", "EINVAL", "EACCES", "ENOTSUP"].includes(error.code ?? "")))
      throw error;
  } finally {
    if (descriptor !== undefined) closeSync(descriptor);
  }
}
