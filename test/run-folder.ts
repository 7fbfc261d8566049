import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const variable = "SKIPSTEP_TEST_FOLDER";

/** Makes, once for all test files, the folder of `folderOfRun`. */
export default function makeFolder(): () => void {
  const folder = mkdtempSync(join(tmpdir(), "skipstep-tests-"));
  process.env[variable] = folder;
  return () => rmSync(folder, { recursive: true, force: true });
}

/** A new folder for a module that several test files share: it is there until all of them have run. */
export function folderOfRun(name: string): string {
  return mkdtempSync(join(process.env[variable] ?? tmpdir(), `${name}-`));
}

/** Where engines lie for all tests that do not look at the cache itself: each is compiled once a run. */
export const engineCache = join(process.env[variable] ?? folderOfRun("skipstep-engines"), "cache");
