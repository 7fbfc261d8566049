import { readdirSync, realpathSync, type Stats, statSync } from "node:fs";

/** What lies at a path. `undefined` where nothing does, and where a text is no path: too long, or with a zero byte. */
export function statsOf(path: string): Stats | undefined {
  try {
    return statSync(path);
  } catch {
    return undefined;
  }
}

export function isFolder(path: string): boolean {
  return statsOf(path)?.isDirectory() ?? false;
}

/** A path with links followed; as it is where nothing lies, or what lies there is not to be looked at. */
export function realPath(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    return path;
  }
}

/** What a folder holds, sorted. Empty where it cannot be read. */
export function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder).sort();
  } catch {
    return [];
  }
}
