import { statSync } from "node:fs";

/** Whether a path is a folder; `undefined` when nothing is there. */
export function isFolder(path: string): boolean | undefined {
  try {
    return statSync(path).isDirectory();
  } catch {
    return undefined; // also when a file stands on the way there
  }
}
