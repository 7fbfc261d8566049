/** Prints what each published package weighs, packed and unpacked, and what git tracks: CI shows it with each run. */
import { execFileSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { root } from "./pnpm.mjs";

/** What the tracked tree may hold, in bytes. */
const MOST = 120e6;

const rows = ["packages", "plugins"].flatMap((place) =>
  readdirSync(join(root, place))
    .map((name) => join(root, place, name))
    .filter((folder) => existsSync(join(folder, "package.json")))
    .map((folder) => ({ folder, ...JSON.parse(readFileSync(join(folder, "package.json"), "utf8")) }))
    .filter((manifest) => !manifest.private)
    .map(({ folder, name }) => ({ name, ...packed(folder) })),
);
for (const { name, size, unpackedSize, entryCount } of rows)
  console.log(`${name.padEnd(32)} ${kilobytes(size)} packed ${kilobytes(unpackedSize)} unpacked ${entryCount} files`);

const files = execFileSync("git", ["ls-files", "-z"], { cwd: root, encoding: "utf8" }).split("\0").filter(Boolean);
const tracked = files.reduce(
  (sum, file) => sum + (statSync(join(root, file), { throwIfNoEntry: false })?.size ?? 0),
  0,
);
console.log(`tracked tree: ${(tracked / 1e6).toFixed(1)} MB of ${MOST / 1e6}`);
if (tracked > MOST) {
  console.error("The tracked tree is too large.");
  process.exitCode = 1;
}

/** As npm would pack it; nothing is written. */
function packed(folder) {
  const [answer] = JSON.parse(execFileSync("npm", ["pack", "--dry-run", "--json"], { cwd: folder, encoding: "utf8" }));
  return answer;
}

function kilobytes(bytes) {
  return `${(bytes / 1e3).toFixed(0)} kB`.padStart(9);
}
