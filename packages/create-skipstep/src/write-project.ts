import { existsSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { createExists, createUnwritable } from "./errors";

/**
 * Writes files into a folder, all of them or none, and replaces nothing that is there.
 * @throws SKIPSTEP_CREATE_EXISTS, SKIPSTEP_CREATE_UNWRITABLE
 */
export function writeProject(folder: string, files: Readonly<Record<string, string>>): void {
  const taken = Object.keys(files).filter((file) => existsSync(join(folder, file)));
  if (taken.length > 0) throw createExists(taken.map((file) => join(folder, file)));
  const written: string[] = [];
  for (const [name, content] of Object.entries(files)) {
    const file = join(folder, name);
    try {
      mkdirSync(dirname(file), { recursive: true });
      writeFileSync(file, content, { flag: "wx" });
      written.push(file);
    } catch (error) {
      for (const each of written) rmSync(each, { force: true });
      throw createUnwritable(file, error);
    }
  }
}
