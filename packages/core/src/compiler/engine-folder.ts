import { randomUUID } from "node:crypto";
import { existsSync, lstatSync, readdirSync, renameSync, rmSync, statSync } from "node:fs";
import { basename, join } from "node:path";
import { checkEngine } from "./check-engine";
import { isSystemError } from "./system-error";

/** Milliseconds after which what a killed process left behind is removed. */
const staleAge = 24 * 60 * 60 * 1000;

/** Folder of all engines. */
export function enginesFolder(cacheDir: string): string {
  return join(cacheDir, "engines");
}

/** Folders of engines. Those under construction are left out. */
export function engineFolders(cacheDir: string): string[] {
  return entries(cacheDir).filter((path) => /^[0-9a-f]{64}$/.test(basename(path)) && isFolder(path));
}

/** A name beside an engine's folder that no other process uses. */
export function temporaryBeside(folder: string): string {
  return `${folder}.${process.pid}.${randomUUID().slice(0, 8)}.tmp`;
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
  return true;
}

/** Removes a folder: moved away first, so that nobody meets half of it. @returns bytes that the disk has more now */
export function removeEngine(folder: string): number {
  const temporary = temporaryBeside(folder);
  try {
    renameSync(folder, temporary);
  } catch (error) {
    if (isSystemError(error) && error.code === "ENOENT") return 0; // there is none, or another process was faster
    throw error;
  }
  return remove(temporary);
}

/** Removes what killed processes left behind a day ago or earlier. @returns bytes that the disk has more now */
export function removeStale(cacheDir: string): number {
  const stale = entries(cacheDir).filter((path) => path.endsWith(".tmp") && Date.now() - changed(path) > staleAge);
  return stale.reduce((sum, path) => sum + remove(path), 0);
}

/** A file that another folder links too stays on the disk. */
function remove(folder: string): number {
  const files = lstatSync(folder).isDirectory() ? readdirSync(folder).map((name) => join(folder, name)) : [folder];
  const bytes = files
    .map((file) => lstatSync(file))
    .reduce((sum, { nlink, size }) => sum + (nlink === 1 ? size : 0), 0);
  rmSync(folder, { recursive: true, force: true });
  return bytes;
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

/** Milliseconds since 1970; now for what is gone. */
function changed(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? Date.now();
}

function entries(cacheDir: string): string[] {
  const folder = enginesFolder(cacheDir);
  return existsSync(folder) ? readdirSync(folder).map((name) => join(folder, name)) : [];
}
