import { constants, copyFileSync, linkSync, renameSync } from "node:fs";
import { join } from "node:path";
import { type FileStamp, sameStamp } from "../disk/file-stamp";
import { isSystemError } from "../disk/system-error";
import { restamp, weightsProblem, weightsStamp } from "./check-engine";
import { engineFolders } from "./engine-folder";
import { type EngineManifest, readManifest, type WeightsEntry } from "./engine-manifest";
import { weightsFile } from "./onnx";

/**
 * Takes the weights of another engine in the cache that has the same ones: as a hard link, so that they are stored
 * once, or as a copy where the file system has no links.
 *
 * @param folder gets them, in place of its own if it has any
 * @param thorough hashes them before
 * @returns `undefined` when no engine has them
 */
export async function shareWeights(
  cacheDir: string,
  folder: string,
  key: string,
  thorough: boolean,
): Promise<WeightsEntry | undefined> {
  for (const other of engineFolders(cacheDir)) {
    const manifest = await owner(other, key, thorough);
    if (!manifest) continue;
    const before = weightsStamp(other);
    if (!linked(join(other, weightsFile), join(folder, weightsFile))) continue;
    const stamp = weightsStamp(folder);
    if (stamp.inode === before.inode) restampSharers(cacheDir, before, stamp);
    return { ...manifest.weights, stamp };
  }
  return undefined;
}

/** Another link changes a file's ctime: those that were sure of it until now need not hash it again. */
function restampSharers(cacheDir: string, before: FileStamp, now: FileStamp): void {
  for (const folder of engineFolders(cacheDir)) {
    try {
      const manifest = readManifest(folder);
      if (manifest && sameStamp(manifest.weights.stamp, before)) restamp(folder, manifest, now);
    } catch (error) {
      if (!isSystemError(error)) throw error; // just removed
    }
  }
}

async function owner(folder: string, key: string, thorough: boolean): Promise<EngineManifest | undefined> {
  try {
    const manifest = readManifest(folder);
    if (manifest?.weights.key !== key) return undefined;
    return (await weightsProblem(folder, manifest, thorough)) === undefined ? manifest : undefined;
  } catch (error) {
    if (isSystemError(error)) return undefined; // damaged, or just removed
    throw error;
  }
}

/** False when the source is gone by now. */
function linked(from: string, to: string): boolean {
  const temporary = `${to}.tmp`;
  try {
    linkOrCopy(from, temporary);
  } catch (error) {
    if (isSystemError(error) && error.code === "ENOENT") return false;
    throw error;
  }
  renameSync(temporary, to);
  return true;
}

function linkOrCopy(from: string, to: string): void {
  try {
    linkSync(from, to);
  } catch (error) {
    if (!isSystemError(error)) throw error;
    copyFileSync(from, to, constants.COPYFILE_FICLONE);
  }
}
