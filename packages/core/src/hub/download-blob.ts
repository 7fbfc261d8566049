import { type FileHandle, open, rename, rm, stat, statfs } from "node:fs/promises";
import { dirname } from "node:path";
import { isSystemError } from "../disk/system-error";
import { SkipstepError } from "../errors/error";
import { hubChecksum, hubDiskFull, hubUnreachable, hubUnwritable } from "../errors/hub";
import { type ContentHash, contentHash } from "./content-hash";
import { connectionError } from "./hub-fetch";
import type { HubFile } from "./hub-files";

export interface BlobRequest {
  readonly file: HubFile;
  readonly url: string;
  /** Where it goes when it is whole and sound; `.incomplete` is added to the name until then. */
  readonly target: string;
  readonly fetch: (url: string, init?: RequestInit) => Promise<Response>;
  readonly signal: AbortSignal | undefined;
  /** Bytes that are there. */
  readonly onProgress: (done: number) => void;
}

/** Connections that break in a row before it is given up. */
const mostBreaks = 5;

/**
 * Downloads a file, going on where an earlier download stopped, and checks its hash.
 * @throws what `fetch` throws; SKIPSTEP_HUB_CHECKSUM, SKIPSTEP_HUB_DISK_FULL, SKIPSTEP_HUB_UNWRITABLE,
 *   SKIPSTEP_CANCELLED. What arrived is kept, unless it is damaged.
 */
export async function downloadBlob(request: BlobRequest): Promise<void> {
  const { file, target } = request;
  const partial = incompleteOf(target);
  try {
    let result = await complete(request, partial);
    // What was there before may have been the damaged part.
    if (result.hex !== file.hash && result.resumed) result = await complete(request, partial);
    if (result.hex !== file.hash) throw hubChecksum(file.path, file.hash, result.hex);
    await rename(partial, target);
  } catch (error) {
    if (!isSystemError(error)) throw error;
    if (error.code === "ENOENT" && (await sizeOf(target)) === file.size) return; // another process was faster
    throw error.code === "ENOSPC"
      ? hubDiskFull(file.path, dirname(target), file.size)
      : hubUnwritable(dirname(target), error);
  }
}

export function incompleteOf(target: string): string {
  return `${target}.incomplete`;
}

/** Bytes of a file, 0 when it is not there. */
export async function sizeOf(path: string): Promise<number> {
  return (await stat(path).catch(() => ({ size: 0 }))).size;
}

/** Fills `partial` up. It is removed when its hash is wrong. */
async function complete(request: BlobRequest, partial: string): Promise<{ hex: string; resumed: boolean }> {
  const { file, target } = request;
  const handle = await open(partial, "a+").then(async (created) => {
    await created.close();
    return open(partial, "r+"); // written at positions: two processes that write the same bytes do no harm
  });
  try {
    const { size } = await handle.stat();
    const start = size > file.size ? 0 : size;
    await checkRoom(file, dirname(target), file.size - start);
    if (start !== size) await handle.truncate(0);
    const hash = contentHash(file.hash, file.size);
    await hashStart(handle, start, hash);
    const hex = await fill(request, handle, start, hash);
    if (hex !== file.hash) await rm(partial, { force: true });
    return { hex, resumed: start > 0 };
  } finally {
    await handle.close();
  }
}

async function checkRoom(file: HubFile, folder: string, needed: number): Promise<void> {
  const { bavail, bsize } = await statfs(folder);
  if (needed > bavail * bsize) throw hubDiskFull(file.path, folder, needed, bavail * bsize);
}

async function hashStart(handle: FileHandle, length: number, hash: ContentHash): Promise<void> {
  const chunk = new Uint8Array(4 * 2 ** 20);
  for (let position = 0; position < length; ) {
    const { bytesRead } = await handle.read(chunk, 0, Math.min(chunk.length, length - position), position);
    hash.update(chunk.subarray(0, bytesRead));
    position += bytesRead;
  }
}

/** @returns the hash of everything */
async function fill(request: BlobRequest, handle: FileHandle, start: number, given: ContentHash): Promise<string> {
  const { file, url, fetch, signal, onProgress } = request;
  let [position, hash, breaks] = [start, given, 0];
  onProgress(position);
  while (position < file.size) {
    const before = position;
    try {
      const response = await fetch(url, position > 0 ? { headers: { range: `bytes=${position}-` } } : {});
      if (position > 0 && response.status !== 206) [position, hash] = [0, contentHash(file.hash, file.size)]; // all of it
      for await (const chunk of response.body as AsyncIterable<Uint8Array>) {
        await writeAll(handle, chunk, position);
        hash.update(chunk);
        position += chunk.length;
        onProgress(position);
        if (position > file.size) break; // its hash is wrong, too
      }
      if (position < file.size) throw hubUnreachable(url, new Error("the connection broke off"));
    } catch (error) {
      if (isSystemError(error)) throw error; // of the disk: fetch wraps those of the network
      const problem = error instanceof SkipstepError ? error : connectionError(url, error, signal);
      breaks = position > before ? 0 : breaks + 1;
      if (problem.code !== "SKIPSTEP_HUB_UNREACHABLE" || position === 0 || breaks >= mostBreaks) throw problem;
    }
  }
  return hash.hex();
}

async function writeAll(handle: FileHandle, bytes: Uint8Array, position: number): Promise<void> {
  for (let done = 0; done < bytes.length; )
    done += (await handle.write(bytes, done, bytes.length - done, position + done)).bytesWritten;
}
