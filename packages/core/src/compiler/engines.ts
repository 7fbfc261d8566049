import { lstatSync, readdirSync, type Stats, statSync } from "node:fs";
import { basename, join } from "node:path";
import { defaultCacheDir } from "../disk/cache-dir";
import { isSystemError } from "../disk/system-error";
import { cacheUnwritable, engineUnknown } from "../errors/compiler";
import { weightsStamp } from "./check-engine";
import { engineFolders, removeEngine } from "./engine-folder";
import { type EngineManifest, manifestPath, readManifest } from "./engine-manifest";
import { type Leftover, removeLeftovers } from "./leftovers";

/** One engine in the cache. What its `engine.json` says is missing when that is damaged. */
export interface EngineEntry {
  readonly key: string;
  readonly folder: string;
  readonly component?: string;
  readonly className?: string;
  /** Folder of the checkpoint. */
  readonly source?: string;
  readonly plugins?: readonly string[];
  readonly parameters?: number;
  readonly created?: Date;
  readonly lastUsed: Date;
  /** On disk, without what an engine before it in the list has too: all of them add up to what the cache takes. */
  readonly bytes: number;
  /** Of weights that an engine before it in the list has too. */
  readonly sharedBytes: number;
  /** What is wrong with it, seen without hashing its weights; it is compiled again when it is needed. */
  readonly damaged?: string;
}

export interface ClearOptions {
  readonly cacheDir?: string;
  /** Only engines that were not used for so many milliseconds. */
  readonly olderThanMs?: number;
  /** Only the engine whose key begins so. */
  readonly key?: string;
}

export interface Cleared {
  readonly engines: readonly EngineEntry[];
  /** What killed processes left behind, which is removed in any case. */
  readonly leftovers: readonly Leftover[];
  /** That the disk has more now. Weights that engines share go with the last of them. */
  readonly bytes: number;
}

/** Engines in a cache, the last used first. An empty list when there is no such folder. */
export function listEngines(cacheDir: string = defaultCacheDir()): EngineEntry[] {
  const found = engineFolders(cacheDir).map((folder) => ({ folder, lastUsed: lastUsed(folder) }));
  found.sort((a, b) => b.lastUsed.getTime() - a.lastUsed.getTime() || (a.folder < b.folder ? -1 : 1));
  const counted = new Set<string>();
  return found.map(({ folder, lastUsed }) => ({
    key: basename(folder),
    folder,
    lastUsed,
    ...described(folder),
    ...sizes(folder, counted),
  }));
}

/**
 * Removes engines, and what killed compilations left behind.
 *
 * @throws SKIPSTEP_ENGINE_UNKNOWN when no engine, or more than one, has a key that begins with `key`;
 *   SKIPSTEP_CACHE_UNWRITABLE when the system refuses
 */
export function clearEngines({ cacheDir = defaultCacheDir(), olderThanMs = 0, key }: ClearOptions = {}): Cleared {
  const all = listEngines(cacheDir);
  const named = all.filter((engine) => engine.key.startsWith(key ?? ""));
  if (key !== undefined && named.length !== 1) throw engineUnknown(key, cacheDir, named.length);
  const engines = named.filter((engine) => Date.now() - engine.lastUsed.getTime() >= olderThanMs);
  try {
    const leftovers = removeLeftovers(cacheDir);
    let bytes = leftovers.reduce((sum, leftover) => sum + leftover.bytes, 0);
    for (const { folder } of engines) bytes += removeEngine(folder);
    return { engines, leftovers, bytes };
  } catch (error) {
    throw isSystemError(error) ? cacheUnwritable(cacheDir, error) : error;
  }
}

function described(folder: string): Partial<EngineEntry> {
  try {
    const manifest = readManifest(folder);
    if (!manifest) return { damaged: "engine.json is not as it was written" };
    const { component, className, source, plugins, parameters, created } = manifest;
    const problem = sizeProblem(folder, manifest);
    return {
      component,
      className,
      source,
      plugins,
      parameters,
      created: new Date(created),
      ...(problem === undefined ? {} : { damaged: problem }),
    };
  } catch (error) {
    if (isSystemError(error)) return { damaged: error.message };
    throw error;
  }
}

function sizeProblem(folder: string, { segments, weights }: EngineManifest): string | undefined {
  const broken = segments.find(({ file, byteLength }) => statSync(join(folder, file)).size !== byteLength);
  if (broken) return `${broken.file} has not its ${broken.byteLength} bytes`;
  return weightsStamp(folder).size === weights.byteLength
    ? undefined
    : `weights.bin has not its ${weights.byteLength} bytes`;
}

/** @param counted inodes of weights that were counted before */
function sizes(folder: string, counted: Set<string>): { bytes: number; sharedBytes: number } {
  let bytes = 0;
  let sharedBytes = 0;
  for (const stats of filesOf(folder)) {
    const inode = `${stats.dev}:${stats.ino}`;
    if (counted.has(inode)) sharedBytes += stats.size;
    else bytes += stats.size;
    counted.add(inode);
  }
  return { bytes, sharedBytes };
}

function filesOf(folder: string): Stats[] {
  return readdirSync(folder).map((name) => lstatSync(join(folder, name)));
}

function lastUsed(folder: string): Date {
  const manifest = statSync(manifestPath(folder), { throwIfNoEntry: false });
  return (manifest ?? statSync(folder)).mtime;
}
