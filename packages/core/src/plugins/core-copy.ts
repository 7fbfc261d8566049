import { realpathSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { pluginOtherCopy } from "../errors/plugins";
import { enclosingPackage, moduleFolders, readPackage } from "./package-json";

/**
 * Two copies of core in one process share no classes: tensors of one are none to the other, and their dependency
 * injection knows nothing of each other's. A class remembers which copy's `@plugin` it went through, as a property under a
 * registered symbol, because metadata may lie in two copies as well.
 */

interface CoreCopy {
  /** The file of this module, or the bundle that it became part of. */
  readonly file: string;
}

const copyKey = Symbol.for("skipstep.coreCopy");

const own: CoreCopy = { file: fileURLToPath(import.meta.url) };

/** Notes that this copy of core made a class a plugin. */
export function markCopy(target: object): void {
  Object.defineProperty(target, copyKey, { value: own });
}

/** Whether any copy of core that leaves a mark made it a plugin. */
export function isMarked(target: unknown): boolean {
  return typeof target === "function" && Object.hasOwn(target, copyKey);
}

/**
 * Makes sure that a class, where it says so, was made a plugin by this copy of core.
 * @param use what it is called by
 * @throws SKIPSTEP_PLUGIN_CORE_TWICE with the paths of both
 */
export function checkCopy(use: string, target: unknown): void {
  if (!isMarked(target)) return;
  const copy = (target as unknown as Record<symbol, CoreCopy>)[copyKey]!;
  if (copy !== own) throw pluginOtherCopy(use, ...told(own.file, copy.file));
}

/**
 * Makes sure that `@skipstep/core` means this copy to a module.
 * @param use what it is called by @param file real path of the module
 * @throws SKIPSTEP_PLUGIN_CORE_TWICE with the folders of both
 */
export function checkLinkedCopy(use: string, file: string): void {
  const mine = enclosingPackage(path.dirname(own.file))?.folder;
  for (const folder of moduleFolders(path.dirname(file))) {
    const found = readPackage(path.join(folder, "@skipstep/core"));
    if (!found) continue;
    const other = realpathSync(found.folder);
    if (mine !== undefined && other !== realpathSync(mine)) throw pluginOtherCopy(use, ...told(mine, other));
    return;
  }
}

/** Folders of the packages, unless both are one: then the files. */
function told(first: string, second: string): [string, string] {
  const [one, two] = [first, second].map((file) => enclosingPackage(file)?.folder ?? file) as [string, string];
  return one === two ? [first, second] : [one, two];
}
