import { randomUUID } from "node:crypto";
import { mkdirSync, renameSync, rmdirSync, rmSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { outputUnwritable } from "./errors";
import { isFolder } from "./is-folder";
import { systemReason } from "./system-reason";

/**
 * Writes a file whole or not at all: beside its place first, then moved there. A missing folder is made. It is done in
 * one go, so that no signal comes in between.
 * @throws SKIPSTEP_OUTPUT_UNWRITABLE
 */
export function writeWhole(file: string, content: Uint8Array | string): void {
  const temporary = temporaryBeside(file);
  try {
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(temporary, content, { flag: "wx" });
    renameSync(temporary, file);
  } catch (error) {
    removeQuietly(temporary);
    throw outputUnwritable(file, systemReason(error), error);
  }
}

/**
 * Makes sure that a file can be written, by writing one beside its place. Leaves nothing behind.
 * @param bytes that there must be room for
 * @throws SKIPSTEP_OUTPUT_UNWRITABLE
 */
export function checkWritable(file: string, bytes: number): void {
  const folder = dirname(file);
  const temporary = temporaryBeside(file);
  let made: string | undefined;
  try {
    if (isFolder(file)) throw outputUnwritable(file, "it is a folder");
    made = mkdirSync(folder, { recursive: true });
    writeFileSync(temporary, Buffer.alloc(bytes), { flag: "wx" });
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw code === "SKIPSTEP_OUTPUT_UNWRITABLE" ? error : outputUnwritable(file, systemReason(error), error);
  } finally {
    removeQuietly(temporary);
    if (made !== undefined) removeFolders(folder, made);
  }
}

function temporaryBeside(file: string): string {
  return `${file}.${process.pid}.${randomUUID().slice(0, 8)}.tmp`;
}

/** Removes what was not finished; why it was not is worth more than that this failed too. */
function removeQuietly(file: string): void {
  try {
    rmSync(file, { force: true });
  } catch {
    // told by the error that led here
  }
}

/** Removes empty folders from the inner one out to `outer`. */
function removeFolders(inner: string, outer: string): void {
  for (let folder = inner; folder.length >= outer.length; folder = dirname(folder)) rmdirSync(folder);
}
