import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
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

/**
 * Bundles the declarations of packages' doors, of all of them in one program: TypeScript and the types of Node and of
 * dependencies are read once.
 * @returns the files of each package by their names in `dist`
 */
export async function bundleDeclarations(folders) {
  const entry = Object.fromEntries(
    folders.flatMap((folder) =>
      [...doorsOf(folder).keys()].map((door) => [`${folder}/${door}`, join(emitted, folder, "src", `${door}.d.ts`)]),
    ),
  );
  const files = new Map(folders.map((folder) => [folder, new Map()]));
  if (Object.keys(entry).length === 0) return files; // commands alone
  const out = mkdtempSync(join(root, ".build/bundles-"));
  try {
    const tsconfig = join(root, "tsconfig.json");
    const external = [/^[^./]/]; // another package's
    const dts = { only: true, entry };
    await tsup(".", {
      config: false,
      entry,
      format: "esm",
      dts,
      external,
      tsconfig,
      outDir: out,
      clean: false,
      silent: true,
    });
    for (const folder of folders) bundlesOf(folder, out, files.get(folder));
  } finally {
    rmSync(out, { recursive: true, force: true });
  }
  return files;
}

/** Writes what `bundleDeclarations` gave of one package. */
export function writeDeclarations(files, out) {
  for (const [name, text] of files) {
    mkdirSync(dirname(join(out, name)), { recursive: true });
    writeFileSync(join(out, name), text);
  }
}

/** A package's doors, and beside them the parts that they share, which the bundler leaves in the folder above. */
function bundlesOf(folder, out, files) {
  for (const door of doorsOf(folder).keys()) add(join(folder, `${door}.d.ts`), `${door}.d.ts`);

  function add(file, name) {
    if (files.has(name)) return;
    if (!existsSync(join(out, file))) throw new Error(`${folder}: no declarations of ${file} were made.`);
    const text = readFileSync(join(out, file), "utf8").replace(/(?<= from ')\.[^']+(?=';$)/gm, (specifier) => {
      const part = join(dirname(file), specifier).replace(/\.js$/, ".d.ts");
      if (dirname(part) !== ".") throw new Error(`${file} imports ${specifier}, which is no part that doors share.`);
      add(part, part);
      const beside = relative(dirname(name), specifier.split("/").at(-1)).replaceAll("\\", "/");
      return beside.startsWith(".") ? beside : `./${beside}`;
    });
    files.set(name, text);
  }
}
