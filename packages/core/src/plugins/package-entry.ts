import path from "node:path";
import type { PackageFolder } from "./package-json";

/**
 * The file that `import "<package>"` or `import "<package>/<sub>"` means, by Node's rules for `exports` and `main`
 * (https://nodejs.org/api/esm.html#resolution-algorithm-specification).
 *
 * @param subpath `.` or `./<sub>`
 * @returns an absolute path, or `undefined` when the package does not export it under these conditions
 */
export function packageEntry(
  { folder, json }: PackageFolder,
  subpath: string,
  conditions: ReadonlySet<string>,
): string | undefined {
  if (json.exports === undefined || json.exports === null) {
    return path.join(folder, subpath === "." ? (json.main ?? "index.js") : subpath);
  }
  const target = matchExport(exportMap(json.exports), subpath, conditions);
  return target === undefined ? undefined : path.join(folder, target);
}

/** `exports` without subpaths is short for one entry `.`. */
function exportMap(exports: unknown): Readonly<Record<string, unknown>> {
  const isMap =
    typeof exports === "object" &&
    exports !== null &&
    !Array.isArray(exports) &&
    Object.keys(exports).some((key) => key.startsWith("."));
  return isMap ? (exports as Record<string, unknown>) : { ".": exports };
}

function matchExport(
  exports: Readonly<Record<string, unknown>>,
  subpath: string,
  conditions: ReadonlySet<string>,
): string | undefined {
  if (Object.hasOwn(exports, subpath) && !subpath.includes("*"))
    return pickTarget(exports[subpath], conditions) ?? undefined;
  const patterns = Object.keys(exports).filter((key) => key.includes("*"));
  // the longest prefix is the most specific
  patterns.sort((a, b) => b.indexOf("*") - a.indexOf("*") || b.length - a.length);
  for (const pattern of patterns) {
    const [before, after] = pattern.split("*") as [string, string];
    if (!subpath.startsWith(before) || !subpath.endsWith(after) || subpath.length < pattern.length) continue;
    const rest = subpath.slice(before.length, subpath.length - after.length);
    return pickTarget(exports[pattern], conditions)?.replaceAll("*", rest);
  }
  return undefined;
}

/** `null` closes an entry; `undefined` lets the next one try. */
function pickTarget(target: unknown, conditions: ReadonlySet<string>): string | null | undefined {
  if (typeof target === "string" || target === null) return target;
  const options = Array.isArray(target)
    ? target
    : Object.entries(target ?? {})
        .filter(([condition]) => condition === "default" || conditions.has(condition))
        .map(([, inner]) => inner as unknown);
  for (const option of options) {
    const picked = pickTarget(option, conditions);
    if (picked !== undefined) return picked;
  }
  return undefined;
}
