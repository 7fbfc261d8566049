import { createHash } from "node:crypto";
import { readdirSync, readFileSync, statSync } from "node:fs";
import { join, relative } from "node:path";

/** A digest of files, and of all files in folders: names and content. */
export function keyOf(folder, paths, endings = [""]) {
  const hash = createHash("sha256");
  for (const file of paths.flatMap((path) => filesIn(join(folder, path)))) {
    if (!endings.some((ending) => file.endsWith(ending))) continue;
    const content = readFileSync(file);
    hash.update(`${relative(folder, file)}\0${content.length}\0`).update(content);
  }
  return hash.digest("hex");
}

function filesIn(path) {
  if (!statSync(path).isDirectory()) return [path];
  const entries = readdirSync(path, { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath ?? entry.path, entry.name))
    .sort();
}
