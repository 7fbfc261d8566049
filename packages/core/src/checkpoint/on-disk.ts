import { readdirSync, type Stats, statSync } from "node:fs";

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

/** What a folder holds, sorted, for errors to list. Empty where it cannot be read. */
export function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder).sort();
  } catch {
    return [];
  }
}
