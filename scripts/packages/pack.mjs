import { execFileSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { pnpmCommand, root } from "../pnpm.mjs";
import { inFolder } from "./run.mjs";

/** Folders of all that is published. */
export const published = [
  ...["packages", "plugins"].flatMap((group) => readdirSync(join(root, group)).map((name) => `${group}/${name}`)),
  "models/emoji",
];

/** Packs everything as it is published. @returns paths of the tarballs by the packages' names */
export async function packAll(into) {
  const filters = published.flatMap((folder) => ["--filter", `./${folder}`]);
  await inFolder(root, ...pnpmCommand(["--recursive", ...filters, "pack", "--pack-destination", into]));
  const tarballs = published.map((folder) => {
    const { name, version } = JSON.parse(readFileSync(join(root, folder, "package.json"), "utf8"));
    return [name, join(into, `${name.replace("@", "").replace("/", "-")}-${version}.tgz`)];
  });
  return new Map(tarballs);
}

/** Names of the files in a tarball, without `package/`. */
export function filesIn(tarball) {
  const names = execFileSync("tar", ["-tzf", tarball], { encoding: "utf8", maxBuffer: 1 << 26 });
  return names.split("\n").map((name) => name.replace(/^package\//, ""));
}
