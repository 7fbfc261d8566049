import { mkdtempSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { type BundledThreads, threadsVariable } from "./start-thread";

const root = join(import.meta.dirname, "../../../..");

const folder = join(root, "packages/core");
/** From core. Two are tests' own: `device-turns.test.ts` has one as threads and processes. */
const sources = [
  "src/runtime/worker.ts",
  "src/text/worker.ts",
  "test/device-turns-child.ts",
  "test/threads/device-worker.ts",
  "../../plugins/gguf/src/writing/round-worker.ts",
];
/** What the last one imports, which is not found beside the bundles. */
const alias = {
  "@skipstep/core/plugin": join(folder, "src/plugin.ts"),
  "@skipstep/lowbit": join(root, "packages/lowbit/src/index.ts"),
};

/** Bundles, once for all test files, the threads that `start-thread.ts` beside this file starts. */
export default async function bundleThreads(): Promise<() => void> {
  const fromTsup = createRequire(createRequire(import.meta.url).resolve("tsup"));
  const { build } = (await import(pathToFileURL(fromTsup.resolve("esbuild")).href)) as {
    build(options: object): Promise<unknown>;
  };
  // Inside of the package, where its dependencies are found.
  const out = mkdtempSync(join(folder, "node_modules/.threads-"));
  const bundled: Record<string, string> = {};
  for (const source of sources) {
    const [entry, outfile] = [join(folder, source), join(out, `${source.replaceAll(/\W/g, "-")}.mjs`)];
    await build({
      entryPoints: [entry],
      outfile,
      bundle: true,
      alias,
      packages: "external",
      format: "esm",
      platform: "node",
      target: "node20",
      tsconfig: join(root, "tsconfig.json"),
    });
    bundled[entry] = outfile;
  }
  process.env[threadsVariable] = JSON.stringify(bundled satisfies BundledThreads);
  return () => rmSync(out, { recursive: true, force: true });
}
