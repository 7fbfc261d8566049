import { execFileSync } from "node:child_process";
import { statSync } from "node:fs";
import { join } from "node:path";
import { root } from "../pnpm.mjs";

/** What the tracked tree may hold, in bytes. */
const MOST = 120e6;

/** Prints what each package weighs, packed and unpacked, and what git tracks. @throws when that is too much */
export function printSizes(tarballs) {
  for (const [name, tarball] of tarballs) {
    const entries = execFileSync("tar", ["-tvzf", tarball], { encoding: "utf8" }).trim().split("\n");
    const unpacked = entries.reduce((sum, line) => sum + Number(line.split(/\s+/)[2]), 0);
    console.log(
      `${name.padEnd(32)} ${size(statSync(tarball).size)} packed ${size(unpacked)} in ${entries.length} files`,
    );
  }
  const files = execFileSync("git", ["ls-files", "-z"], { cwd: root, encoding: "utf8" }).split("\0").filter(Boolean);
  const sizes = files.map((file) => statSync(join(root, file), { throwIfNoEntry: false })?.size ?? 0);
  const tracked = sizes.reduce((sum, each) => sum + each, 0);
  console.log(`tracked tree: ${(tracked / 1e6).toFixed(1)} MB of ${MOST / 1e6}`);
  if (tracked > MOST) throw new Error("The tracked tree is too large.");
}

function size(bytes) {
  return `${(bytes / 1e3).toFixed(0)} kB`.padStart(9);
}
