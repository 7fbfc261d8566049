import { dirname, resolve } from "node:path";
import { usage } from "./errors";
import { isFolder } from "./is-folder";

/**
 * The folder that is meant by a folder, a config in it, or nothing.
 * @throws SKIPSTEP_USAGE when there is no such place
 */
export function folderOf(place = "."): string {
  const found = isFolder(place);
  if (found === undefined) throw usage(`There is no folder or config "${place}".`);
  return found ? resolve(place) : dirname(resolve(place));
}
