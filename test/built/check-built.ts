import { readdirSync } from "node:fs";
import { join } from "node:path";
import { javaScriptKey } from "../../scripts/build/javascript.mjs";
import { isBuilt } from "../../scripts/build/replace.mjs";
import { builtVariable } from "./packages";

const root = join(import.meta.dirname, "../..");

/** Looks, once for all test files, whether the packages' JavaScript is that of their sources. */
export default function checkBuilt(): void {
  const folders = ["packages", "plugins"].flatMap((group) =>
    readdirSync(join(root, group)).map((name) => `${group}/${name}`),
  );
  const isCurrent = folders.every((folder) => {
    const note = join(root, ".build", folder, "JavaScript.json");
    return isBuilt({ folder: join(root, folder), note }, javaScriptKey(folder));
  });
  process.env[builtVariable] = isCurrent ? "yes" : "no";
}
