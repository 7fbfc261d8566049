/** The repository's source files, packages and documents, and which file an import means. */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join, posix } from "node:path";
import ts from "typescript";
import { parse } from "./parse.mjs";

const skipped = new Set(["node_modules", "dist", "golden", "out"]);
const places = ["packages", "plugins", "examples", "test", "bench", "scripts", "docs"];

/** @param {string} root a folder laid out like this repository */
export function readProject(root) {
  const paths = places.flatMap((place) => filesBelow(root, place));
  const read = (path) => readFileSync(join(root, path), "utf8");
  const files = new Map();
  for (const path of paths.filter((path) => /\.(m?tsx?|m?js)$/.test(path) && !/\.d\.m?ts$/.test(path))) {
    const text = read(path);
    files.set(path, { path, text, lines: text.split("\n").length - 1, ...parse(path, text) });
  }
  const packages = paths
    .filter((path) => /^[^/]+\/[^/]+\/package\.json$/.test(path))
    .map((path) => packageOf(path, read));
  const documents = [...paths.filter((path) => path.endsWith(".md")), "README.md"]
    .filter((path) => existsSync(join(root, path)))
    .map((path) => ({ path, text: read(path) }));
  const project = { files, packages, documents };
  for (const file of files.values()) {
    for (const known of file.imports) known.target = resolve(project, file.path, known.specifier);
  }
  for (const one of packages) one.entries = entriesOf(project, one);
  return project;
}

function filesBelow(root, folder) {
  if (!existsSync(join(root, folder))) return [];
  return readdirSync(join(root, folder), { withFileTypes: true }).flatMap((entry) => {
    const path = posix.join(folder, entry.name);
    if (entry.isDirectory()) return skipped.has(entry.name) ? [] : filesBelow(root, path);
    return [path];
  });
}

/** A package's doors: what its `exports` mean in the sources. */
function packageOf(path, read) {
  const { name, exports = {} } = JSON.parse(read(path));
  const folder = posix.dirname(path);
  const doors = Object.entries(exports)
    .filter(([, target]) => target["@skipstep/source"])
    .map(([door, target]) => [posix.join(name, door), posix.join(folder, target["@skipstep/source"])]);
  return { name, folder, doors: new Map(doors) };
}

/** @returns {string | undefined} the source file that an import means; none for packages from elsewhere */
export function resolve({ files, packages }, from, specifier) {
  if (!specifier.startsWith(".")) return packages.find(({ doors }) => doors.has(specifier))?.doors.get(specifier);
  const base = posix.join(posix.dirname(from), specifier);
  const stem = base.replace(/\.m?js$/, "");
  return [base, `${base}.ts`, `${base}.tsx`, `${stem}.ts`, `${base}.js`, `${base}.mjs`, `${base}/index.ts`].find(
    (path) => files.has(path),
  );
}

/** Where a package starts: its doors, and what tsup builds beside them (commands and threads). */
function entriesOf({ files }, { folder, doors }) {
  const entries = new Set(doors.values());
  const config = files.get(`${folder}/tsup.config.ts`);
  const add = (node) => {
    if (ts.isPropertyAssignment(node) && node.name.text === "entry") collect(node.initializer);
    ts.forEachChild(node, add);
  };
  const collect = (node) => {
    if (ts.isStringLiteralLike(node)) entries.add(posix.join(folder, node.text));
    ts.forEachChild(node, collect);
  };
  if (config) add(config.ast);
  return [...entries].filter((path) => files.has(path));
}

/** The sources that are shipped: of packages and plugins, no tests. */
export function isShipped(path) {
  return /^(packages|plugins)\/[^/]+\/src\//.test(path);
}

/** Every name that a file exports, through `export *` as well. */
export function exportsOf(project, path, seen = new Set()) {
  const file = project.files.get(path);
  if (!file || seen.has(path)) return new Set();
  seen.add(path);
  const names = new Set(file.exported.keys());
  for (const specifier of file.stars) {
    const target = resolve(project, path, specifier);
    for (const name of target ? exportsOf(project, target, seen) : []) if (name !== "default") names.add(name);
  }
  return names;
}
