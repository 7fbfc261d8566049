/**
 * Builds the packages that changed: `node scripts/build.mjs [--declarations] [folder...]`, without folders all of them.
 * Declarations are made where they are asked for: running Skipstep and its tests needs none.
 */
import { readdirSync } from "node:fs";
import { join, relative } from "node:path";
import { parseArgs } from "node:util";
import { bundleDeclarations, checkTypes, declarationsKey, writeDeclarations } from "./build/declarations.mjs";
import { javaScriptKey, makeJavaScript } from "./build/javascript.mjs";
import { buildInto, isBuilt } from "./build/replace.mjs";
import { root } from "./pnpm.mjs";

const options = { declarations: { type: "boolean", default: false } };
const { values, positionals } = parseArgs({ allowPositionals: true, options });
const folders =
  positionals.length > 0 ? positionals.map((folder) => relative(root, join(process.cwd(), folder))) : packages();

await make("JavaScript", javaScriptKey, async (changed) => {
  for (const { folder, into } of changed) {
    console.log(`Building JavaScript of ${folder}`);
    await into((out) => makeJavaScript(folder, out));
  }
});
if (values.declarations) {
  console.log("Types: checking all, and writing declarations");
  checkTypes();
  await make("declarations", declarationsKey, async (changed) => {
    console.log(`Bundling declarations of ${changed.map(({ folder }) => folder).join(", ")}`);
    const bundles = await bundleDeclarations(changed.map(({ folder }) => folder));
    for (const { folder, into } of changed) await into((out) => writeDeclarations(bundles.get(folder), out));
  });
}

/** Makes one kind of output in the packages whose key is not the one that it was made with. */
async function make(kind, keyOf, makeIn) {
  const changed = folders.flatMap((folder) => {
    const place = {
      folder: join(root, folder),
      note: join(root, ".build", folder, `${kind}.json`),
      isOurs: (file) => file.endsWith(".d.ts") === (kind === "declarations"),
    };
    const key = keyOf(folder);
    return isBuilt(place, key) ? [] : [{ folder, into: (makeFiles) => buildInto(place, key, makeFiles) }];
  });
  if (changed.length > 0) await makeIn(changed);
  const unchanged = folders.length - changed.length;
  console.log(`${kind}: ${changed.length} built${unchanged > 0 ? `, ${unchanged} unchanged` : ""}`);
}

function packages() {
  return ["packages", "plugins"].flatMap((group) => readdirSync(join(root, group)).map((name) => `${group}/${name}`));
}
