/**
 * How processes that tests start find the packages: built where their JavaScript is that of the sources, as `npm test`
 * and `pnpm build` leave it, which starts in a tenth of the time; else from the sources.
 */
import { createRequire } from "node:module";
import { join } from "node:path";
import { pathToFileURL } from "node:url";

const root = join(import.meta.dirname, "../..");

/** Of the environment: `yes` where all packages are built. */
export const builtVariable = "SKIPSTEP_TEST_BUILT";

const isBuilt = process.env[builtVariable] === "yes";
export const tsx: readonly string[] = ["--import", pathToFileURL(createRequire(import.meta.url).resolve("tsx")).href];
const source = isBuilt ? [] : ["--conditions=@skipstep/source"];

/** Arguments of Node before a script in TypeScript that uses the packages. */
export const typescript: readonly string[] = [...tsx, ...source];

/** Arguments of Node that are the command. */
export const command: readonly string[] = isBuilt
  ? [join(root, "packages/cli/bin/skipstep.js")]
  : [...typescript, join(root, "packages/cli/src/bin.ts")];
