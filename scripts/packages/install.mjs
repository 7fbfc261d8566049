import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { root } from "../pnpm.mjs";
import { behindRegistry } from "./registry-only.mjs";
import { inFolder } from "./run.mjs";

/**
 * Makes a project in an empty folder as `npm create skipstep` does, and installs tarballs there with plain npm, as
 * somebody who knows nothing of this repository would, on a network that lets nothing through but the registry.
 * @param tarballs paths by the packages' names
 * @param more dependencies of the registry: `{ vite: "8.4.0" }`
 */
export async function installInto(folder, tarballs, more = {}) {
  await inFolder(root, process.execPath, ["packages/create-skipstep/bin/create-skipstep.js", folder, "--no-install"]);
  const file = join(folder, "package.json");
  const json = JSON.parse(readFileSync(file, "utf8"));
  const ours = Object.fromEntries([...tarballs].map(([name, tarball]) => [name, `file:${tarball}`]));
  const dependencies = { ...json.dependencies, ...more, ...ours };
  writeFileSync(file, JSON.stringify({ ...json, dependencies }, null, 2));
  await behindRegistry((environment) => inFolder(folder, "npm", npmInstall, environment));
}

const npmInstall = ["install", "--no-audit", "--no-fund", "--prefer-offline", "--loglevel=error"];
