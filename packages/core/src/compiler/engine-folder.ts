import { existsSync, lstatSync, readdirSync, renameSync, rmSync, statSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { syncToDisk } from "../disk/sync-to-disk";
import { isSystemError } from "../disk/system-error";
import { temporaryBeside } from "../disk/temporary-beside";
import { endUnfinished } from "../disk/unfinished";
import { checkEngine } from "./check-engine";

/** Folder of all engines. */
export function enginesFolder(cacheDir: string): string {
  return join(cacheDir, "engines");
}

/** Folders of engines. Those under construction are left out. */
export function engineFolders(cacheDir: string): string[] {
  return entries(cacheDir).filter((path) => /^[0-9a-f]{64}$/.test(basename(path)) && isFolder(path));
}

/**
 * Moves a finished folder to its place. When another process was faster, its engine stays.
 *
 * @param replace removes what is there, intact or not
 * @returns false when the other engine stays
 */
export async function publish(temporary: string, folder: string, replace: boolean): Promise<boolean> {
  if (replace) removeEngine(folder);
  while (!moved(temporary, folder)) {
    const { state } = await checkEngine(folder);
    if (state === "intact") return false;
    removeEngine(folder);
  }
  syncToDisk(dirname(folder));
  return true;
}

/** Removes a folder: moved away first, so that nobody meets half of it. @returns bytes that the disk has more now */
export function removeEngine(folder: string): number {
  const temporary = temporaryBeside(folder);
  try {
    renameSync(folder, temporary);
    const bytes = bytesOf(temporary);
    rmSync(temporary, { recursive: true, force: true });
    return bytes;
  } catch (error) {
    if (isSystemError(error) && error.code === "ENOENT") return 0; // there is none, or another process was faster
    throw error;
  } finally {
    endUnfinished(temporary);
  }
}

/** Bytes that the disk has more without a file or folder: a file that another folder links too stays on the disk. */
export function bytesOf(path: string): number {
  const files = lstatSync(path).isDirectory() ? readdirSync(path).map((name) => join(path, name)) : [path];
  return files.map((file) => lstatSync(file)).reduce((sum, { nlink, size }) => sum + (nlink === 1 ? size : 0), 0);
}

/** False when something is in the way. */
function moved(from: string, to: string): boolean {
  try {
    renameSync(from, to);
    return true;
  } catch (error) {
    if (!isSystemError(error)) throw error;
    // POSIX says one of these three; Windows says EPERM.
    if (["EEXIST", "ENOTEMPTY", "ENOTDIR"].includes(error.code ?? "") || existsSync(to)) return false;
    throw error;
  }
}

function isFolder(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() === true;
}

function entries(cacheDir: string): string[] {
  const folder = enginesFolder(cacheDir);
  return existsSync(folder) ? readdirSync(folder).map((name) => join(folder, name)) : [];
}
