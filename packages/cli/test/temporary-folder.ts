import { mkdtempSync, realpathSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, beforeAll } from "vitest";

/** A folder for the tests of one file, with the compile cache in it. It is there when the first test runs. */
export function temporaryFolder(): { readonly path: string } {
  const folder = { path: "" };
  beforeAll(() => {
    folder.path = realpathSync(mkdtempSync(path.join(tmpdir(), "skipstep-cli-")));
    process.env.SKIPSTEP_CACHE = path.join(folder.path, "cache");
  });
  afterAll(() => rmSync(folder.path, { recursive: true, force: true }));
  return folder;
}
