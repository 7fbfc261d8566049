import { randomUUID } from "node:crypto";
import { mkdirSync, renameSync, rmdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { beginUnfinished, endUnfinished } from "@skipstep/core";
import { cancelled, outputUnwritable } from "./errors";
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
    makeFolders(dirname(file));
    writeFileSync(temporary, content, { flag: "wx" });
    renameSync(temporary, file);
  } catch (error) {
    removeQuietly(temporary);
    throw outputUnwritable(file, systemReason(error), error);
  } finally {
    endUnfinished(temporary);
  }
}

/**
 * As `writeWhole`, for what is written piece by piece by somebody else. What was not finished is removed.
 *
 * @param write makes the file that it is given the path of
 * @throws SKIPSTEP_CANCELLED once `signal` is aborted, SKIPSTEP_OUTPUT_UNWRITABLE for what the system refuses
 */
export async function writeBy<Written>(
  file: string,
  signal: AbortSignal,
  write: (temporary: string) => Promise<Written>,
): Promise<Written> {
  const temporary = temporaryBeside(file);
  try {
    makeFolders(dirname(file));
    const written = await write(temporary);
    if (!signal.aborted) renameSync(temporary, file);
    signal.throwIfAborted();
    return written;
  } catch (error) {
    removeQuietly(temporary);
    if (signal.aborted) throw cancelled(String(signal.reason));
    throw isSystemError(error) ? outputUnwritable(file, systemReason(error), error) : error;
  } finally {
    endUnfinished(temporary);
  }
}

function isSystemError(error: unknown): boolean {
  return error instanceof Error && "syscall" in error;
}

/**
 * Makes sure that a file can be written, by writing one beside its place. Leaves nothing behind.
 * @param bytes that there must be room for
 * @throws SKIPSTEP_OUTPUT_UNWRITABLE
 */
export function checkWritable(file: string, bytes: number): void {
  const temporary = temporaryBeside(file);
  const made: string[] = [];
  try {
    if (isFolder(file)) throw outputUnwritable(file, "it is a folder");
    if (statSync(file, { throwIfNoEntry: false })?.isFile() === false)
      throw outputUnwritable(file, "it is a device, and no file");
    makeFolders(dirname(file), made);
    writeFileSync(temporary, Buffer.alloc(bytes), { flag: "wx" });
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw code === "SKIPSTEP_OUTPUT_UNWRITABLE" ? error : outputUnwritable(file, systemReason(error), error);
  } finally {
    removeQuietly(temporary);
    for (const folder of made) rmdirSync(folder);
    endUnfinished(temporary);
  }
}

/** Whoever takes it says `endUnfinished`. */
function temporaryBeside(file: string): string {
  const temporary = `${file}.${process.pid}.${randomUUID().slice(0, 8)}.tmp`;
  beginUnfinished(temporary);
  return temporary;
}

/** Removes what was not finished; why it was not is worth more than that this failed too. */
function removeQuietly(file: string): void {
  try {
    rmSync(file, { force: true });
  } catch {
    // told by the error that led here
  }
}

/**
 * Makes a folder and those around it. Not by mkdir's own `recursive`, which never ends where the system says "no such
 * file" whatever is asked, as /proc does.
 * @param made is told of those that were not there, innermost first
 */
function makeFolders(folder: string, made: string[] = []): void {
  if (isFolder(folder)) return;
  if (dirname(folder) !== folder) makeFolders(dirname(folder), made);
  try {
    mkdirSync(folder);
    made.unshift(folder);
  } catch (error) {
    if (!isFolder(folder)) throw error; // else another process was faster
  }
}
