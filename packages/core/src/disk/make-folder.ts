import { existsSync, mkdirSync } from "node:fs";
import { dirname } from "node:path";
import { isSystemError } from "./system-error";

/**
 * Makes a folder and those around it. Node's own `recursive` never returns where the system says that a folder is there
 * and it is not, as below /proc (seen with Node 20.20).
 */
export function makeFolder(folder: string): void {
  if (existsSync(folder)) return;
  makeFolder(dirname(folder));
  try {
    mkdirSync(folder);
  } catch (error) {
    if (!(isSystemError(error) && error.code === "EEXIST")) throw error; // another process was faster
  }
}
