import { readFileSync } from "node:fs";
import { join } from "node:path";
import { root } from "../pnpm.mjs";
import { keyOf } from "./key.mjs";

/** What the JavaScript of a package is made of. */
export function javaScriptKey(folder) {
  const tools = keyOf(root, ["pnpm-lock.yaml", "tsconfig.json", "tsconfig.page.json", "scripts/build"]);
  return tools + keyOf(join(root, folder), ["package.json", "tsup.config.ts", "src"]);
}

/** Bundles a package as its tsup.config.ts says. */
export async function makeJavaScript(folder, out) {
  await tsup(folder, { config: "tsup.config.ts", outDir: out, clean: false, dts: false, silent: true });
}

/** Runs tsup as if it was started in the package. */
export async function tsup(folder, options) {
  const { build } = await import("tsup");
  const [here, there] = [process.cwd(), join(root, folder)];
  process.chdir(there);
  try {
    // esbuild remembers the folder that it was loaded in.
    await build({ ...options, esbuildOptions: (own) => Object.assign(own, { absWorkingDir: there }) });
  } finally {
    process.chdir(here);
  }
}

/** Sources of a package's doors, by the names of their files in `dist`: `index` to `src/index.ts`. */
export function doorsOf(folder) {
  const { exports } = JSON.parse(readFileSync(join(root, folder, "package.json"), "utf8"));
  const sources = Object.values(exports).map((door) => door["@skipstep/source"]);
  return new Map(sources.filter(Boolean).map((source) => [source.slice("./src/".length, -".ts".length), source]));
}
