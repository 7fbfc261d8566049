import { existsSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { makeFolder } from "./make-folder";
import { isSystemError } from "./system-error";
import { temporaryBeside } from "./temporary-beside";
import { endUnfinished } from "./unfinished";

/**
 * Writes what is good to know and can be found out again: what the system refuses to write is forgotten. Of two
 * processes that write at once the later one wins; a reader never sees half a file.
 */
export function writeNote(file: string, text: string): void {
  const temporary = temporaryBeside(file);
  try {
    makeFolder(dirname(file));
    writeFileSync(temporary, text);
    renameSync(temporary, file);
  } catch (error) {
    if (existsSync(temporary)) rmSync(temporary);
    if (!isSystemError(error)) throw error;
  } finally {
    endUnfinished(temporary);
  }
}
