import { cpSync, symlinkSync } from "node:fs";
import { basename, join } from "node:path";

export const root = join(import.meta.dirname, "../..");
export const golden = join(root, "test/golden");

/** Copies a pipeline of the golden data, without what came out of it. @returns its folder */
export function copyPipeline(name: string, folder: string, as = name): string {
  const target = join(folder, as);
  cpSync(join(golden, "pipelines", name), target, { recursive: true, filter: (path) => basename(path) !== "golden" });
  return target;
}

export function copyFolder(from: string, to: string): string {
  cpSync(from, to, { recursive: true });
  return to;
}

/** Lets configs in a folder find the plugins of this repository. */
export function linkPlugins(folder: string): void {
  symlinkSync(join(root, "node_modules"), join(folder, "node_modules"));
}
