import { existsSync } from "node:fs";
import { join } from "node:path";
import { root, run } from "../pnpm.mjs";
import { doorsOf, tsup } from "./javascript.mjs";
import { keyOf } from "./key.mjs";

const emitted = join(root, ".build/declarations");

/** Checks all sources and tests in one program, of which only what changed is checked again; emits a declaration a file. */
export function checkTypes() {
  for (const config of ["tsconfig.build.json", "tsconfig.page.json"]) // a page's globals are others
    run(process.execPath, [join(root, "node_modules/typescript/bin/tsc"), "-p", config]);
}

/** What a package's bundled declarations are made of. */
export function declarationsKey(folder) {
  const tools = keyOf(root, ["pnpm-lock.yaml", "scripts/build"]);
  return tools + keyOf(root, [`${folder}/package.json`]) + keyOf(emitted, [`${folder}/src`], [".d.ts"]);
}

/** Bundles the declarations of a package's doors. */
export async function makeDeclarations(folder, out) {
  const doors = [...doorsOf(folder).keys()].map((door) => [door, join(emitted, folder, "src", `${door}.d.ts`)]);
  if (doors.length === 0) return; // a command alone
  const entry = Object.fromEntries(doors);
  const tsconfig = join(root, "tsconfig.json");
  await tsup(folder, {
    config: false,
    entry,
    format: "esm",
    dts: { only: true, entry },
    tsconfig,
    outDir: out,
    clean: false,
    silent: true,
  });
  const missing = doors.filter(([door]) => !existsSync(join(out, `${door}.d.ts`)));
  if (missing.length > 0)
    throw new Error(`${folder}: no declarations of ${missing.map(([door]) => door).join(", ")} were made.`);
}
