import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { dirname, join } from "node:path";

/**
 * Lets `make` write files into a folder, and moves them into the package's `dist` one by one: a process that runs from
 * there finds each file whole, before and after. What only the build before had is kept for it until the next one:
 * it may be loaded late. The build's own notes lie in `note`.
 * @returns whether anything was made: nothing where the last files were made with the same key and are all there
 */
export async function buildInto({ folder, note, isOurs = () => true }, key, make) {
  if (isBuilt({ folder, note }, key)) return false;
  const dist = join(folder, "dist");
  const before = noted(note) ?? { files: filesIn(dist).filter(isOurs), older: [] };
  const out = mkdtempSync(join(folder, ".dist-"));
  try {
    await make(out);
    const files = filesIn(out);
    for (const file of newFirst(files, dist)) {
      mkdirSync(dirname(join(dist, file)), { recursive: true });
      renameSync(join(out, file), join(dist, file));
    }
    for (const file of before.older) {
      if (!files.includes(file) && !before.files.includes(file)) rmSync(join(dist, file), { force: true });
    }
    mkdirSync(dirname(note), { recursive: true });
    writeFileSync(note, JSON.stringify({ key, files, older: before.files }));
  } finally {
    rmSync(out, { recursive: true, force: true });
  }
  return true;
}

/** Whether the last build was made with this key, and all of it is there. */
export function isBuilt({ folder, note }, key) {
  const before = noted(note);
  return before?.key === key && before.files.every((file) => existsSync(join(folder, "dist", file)));
}

function noted(note) {
  return existsSync(note) ? JSON.parse(readFileSync(note, "utf8")) : undefined;
}

/** What is imported is there before what imports it: shared parts have new names when they change. */
function newFirst(files, dist) {
  const isThere = (file) => existsSync(join(dist, file));
  return [...files.filter((file) => !isThere(file)), ...files.filter(isThere)];
}

function filesIn(folder) {
  if (!existsSync(folder)) return [];
  const names = readdirSync(folder, { recursive: true, withFileTypes: true });
  return names
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath ?? entry.path, entry.name).slice(folder.length + 1));
}
