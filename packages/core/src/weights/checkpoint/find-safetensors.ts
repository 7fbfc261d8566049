import { join } from "node:path";
import { isFolder, namesIn, statsOf } from "../../disk/on-disk";
import { list } from "../../errors/nearest";

/**
 * The safetensors file that a path means: itself, or in a folder the first of the usual names that is there, else the only one.
 * @param missing makes the error of what it is not
 * @throws that error
 */
export function findSafetensors(path: string, usual: readonly string[], missing: (what: string) => Error): string {
  if (!statsOf(path)) throw missing("there is no such file or folder");
  if (!isFolder(path)) {
    if (path.endsWith(".safetensors")) return path;
    throw missing("it is no safetensors file");
  }
  const names = namesIn(path);
  const files = names.filter((name) => name.endsWith(".safetensors"));
  const found = usual.find((name) => files.includes(name)) ?? (files.length === 1 ? files[0]! : undefined);
  if (found !== undefined) return join(path, found);
  const what = files.length === 0 ? "the folder has no safetensors file; it has" : "the folder has several files";
  throw missing(`${what}: ${list(files.length === 0 ? names : files)}`);
}
