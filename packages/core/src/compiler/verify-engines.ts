import { basename } from "node:path";
import { defaultCacheDir } from "../disk/cache-dir";
import { isSystemError } from "../disk/system-error";
import { cacheUnwritable } from "../errors/compiler";
import { throwIfAborted } from "../runtime/cancel";
import { checkEngine } from "./check-engine";
import { engineFolders, removeEngine } from "./engine-folder";
import { readManifest } from "./engine-manifest";

/** An engine whose files were all read. */
export interface VerifiedEngine {
  readonly key: string;
  readonly folder: string;
  /** `transformer`, where `engine.json` says so. */
  readonly component?: string;
  /** What was wrong with it. It was removed then: it is compiled again when it is needed. */
  readonly damaged?: string;
}

export interface VerifyOptions {
  readonly cacheDir?: string;
  /** Only engines whose key begins so. */
  readonly key?: string;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Reads all files of engines in a cache, and removes those that are not as they were written.
 *
 * @throws SKIPSTEP_CACHE_UNWRITABLE when a damaged one cannot be removed
 */
export async function verifyEngines({
  cacheDir = defaultCacheDir(),
  key = "",
  signal,
}: VerifyOptions = {}): Promise<VerifiedEngine[]> {
  const folders = engineFolders(cacheDir).filter((folder) => basename(folder).startsWith(key));
  const verified: VerifiedEngine[] = [];
  for (const folder of folders) {
    throwIfAborted(signal);
    const component = componentOf(folder);
    const found = await checkEngine(folder, true);
    if (found.state === "missing") continue; // removed meanwhile
    const entry = { key: basename(folder), folder, ...(component === undefined ? {} : { component }) };
    if (found.state === "damaged") remove(cacheDir, folder);
    verified.push(found.state === "damaged" ? { ...entry, damaged: found.problem } : entry);
  }
  return verified;
}

function componentOf(folder: string): string | undefined {
  try {
    return readManifest(folder)?.component;
  } catch (error) {
    if (isSystemError(error)) return undefined;
    throw error;
  }
}

function remove(cacheDir: string, folder: string): void {
  try {
    removeEngine(folder);
  } catch (error) {
    throw isSystemError(error) ? cacheUnwritable(cacheDir, error) : error;
  }
}
