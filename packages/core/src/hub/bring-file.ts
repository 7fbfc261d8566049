import { copyFile, link, mkdir, symlink } from "node:fs/promises";
import { dirname, relative } from "node:path";
import { withLock } from "../disk/lock";
import { isSystemError } from "../disk/system-error";
import { hubUnwritable } from "../errors/hub";
import { throwIfAborted } from "../runtime/cancel";
import type { RepositoryFolder } from "./cache-layout";
import { downloadBlob, incompleteOf, sizeOf } from "./download-blob";
import { type HubAccess, hubFetch } from "./hub-fetch";
import { addressOf, type HubFile } from "./hub-files";

/** How far the download of a file is: bytes that are here, of all. */
export interface DownloadEvent {
  /** Path inside the repository. */
  readonly file: string;
  readonly done: number;
  readonly of: number;
}

/** Bytes between two events. */
const stride = 2 ** 20;

/**
 * Downloads a file of a commit into the cache: its content as a blob, and a link to that by the file's name.
 * @param path of the link
 * @throws what `downloadBlob` throws
 */
export async function bringFile(
  access: HubAccess,
  repository: RepositoryFolder,
  { file, commit, path }: { readonly file: HubFile; readonly commit: string; readonly path: string },
  onDownload: (event: DownloadEvent) => void,
): Promise<void> {
  const { signal, settings } = access;
  const blob = repository.blob(file.hash);
  const lock = repository.lock(file.hash);
  const onProgress = everyStride(file, onDownload);
  const url = addressOf(access, commit, file.path);
  try {
    for (const folder of [blob, lock, path].map(dirname)) await mkdir(folder, { recursive: true });
    const onWait = async (): Promise<void> => {
      throwIfAborted(signal);
      onProgress(await sizeOf(incompleteOf(blob)));
    };
    if ((await sizeOf(blob)) !== file.size || file.size === 0)
      await withLock(lock, onWait, async () => {
        if (file.size > 0 && (await sizeOf(blob)) === file.size) return; // by the process that had the lock before
        await downloadBlob({ file, url, target: blob, fetch: hubFetch(access), signal, onProgress });
      });
    await linkTo(blob, path);
  } catch (error) {
    throw isSystemError(error) ? hubUnwritable(settings.cacheFolder, error) : error;
  }
}

/** Tells of the first bytes, of the last, and now and then. */
function everyStride({ path, size }: HubFile, onDownload: (event: DownloadEvent) => void): (done: number) => void {
  let told = Number.NEGATIVE_INFINITY;
  return (done) => {
    const isDue = done - told >= stride || done < told || (done === size && done !== told);
    if (!isDue) return;
    told = done;
    onDownload({ file: path, done, of: size });
  };
}

/** A relative link, so that the cache may be moved; a second name or a copy where the system allows no links. */
async function linkTo(blob: string, path: string): Promise<void> {
  const isThere = (error: unknown): boolean => isSystemError(error) && error.code === "EEXIST";
  try {
    await symlink(relative(dirname(path), blob), path);
  } catch (error) {
    if (isThere(error)) return;
    if (!isSystemError(error) || process.platform !== "win32") throw error;
    await link(blob, path).catch((other: unknown) => (isThere(other) ? undefined : copyFile(blob, path)));
  }
}
