import { rmSync, statSync } from "node:fs";
import { basename, join } from "node:path";
import { namesIn } from "../disk/on-disk";
import { isSystemError } from "../disk/system-error";
import { type OwnerState, ownerState } from "../disk/temporary-owner";
import { bytesOf, enginesFolder } from "./engine-folder";

/** Something unfinished in a cache. */
export interface Leftover {
  readonly path: string;
  /** That the disk has more without it. */
  readonly bytes: number;
  readonly lastChanged: Date;
  /** Whether its process still works on it. `unknown`: it is another host's or container's, or an older version's. */
  readonly owner: OwnerState;
  /** Whether `removeLeftovers` removes it: nobody works on it, or nobody seen from here did for a day. */
  readonly isDead: boolean;
}

/** Milliseconds after which what nobody seen from here works on counts as left behind. */
const staleAge = 24 * 60 * 60 * 1000;

/** What is under construction in a cache, and what killed processes left behind. */
export function listLeftovers(cacheDir: string): Leftover[] {
  const notes = temporaries(cacheDir).filter((path) => basename(path).startsWith("checkpoints.json."));
  const folders = [join(cacheDir, "places"), enginesFolder(cacheDir)];
  return [...notes, ...folders.flatMap(temporaries)].flatMap(described);
}

/** Removes what killed processes left behind. @returns what was removed */
export function removeLeftovers(cacheDir: string): Leftover[] {
  const dead = listLeftovers(cacheDir).filter(({ isDead }) => isDead);
  for (const { path } of dead) rmSync(path, { recursive: true, force: true });
  return dead;
}

function described(path: string): Leftover[] {
  try {
    const lastChanged = statSync(path).mtime;
    const owner = ownerState(path);
    const isDead = owner === "gone" || (owner === "unknown" && Date.now() - lastChanged.getTime() > staleAge);
    return [{ path, bytes: bytesOf(path), lastChanged, owner, isDead }];
  } catch (error) {
    if (isSystemError(error) && error.code === "ENOENT") return []; // finished or removed just now
    throw error;
  }
}

function temporaries(folder: string): string[] {
  return namesIn(folder)
    .filter((name) => name.endsWith(".tmp"))
    .map((name) => join(folder, name));
}
