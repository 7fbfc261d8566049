/**
 * Builds the packages that changed: `node scripts/build.mjs [--declarations] [folder...]`, without folders all of them.
 * Declarations are made where they are asked for: running Skipstep and its tests needs none.
 */
import { readdirSync } from "node:fs";
import { join, relative } from "node:path";
import { parseArgs } from "node:util";
import { checkTypes, declarationsKey, makeDeclarations } from "./build/declarations.mjs";
import { javaScriptKey, makeJavaScript } from "./build/javascript.mjs";
import { buildInto } from "./build/replace.mjs";
import { root } from "./pnpm.mjs";

const options = { declarations: { type: "boolean", default: false } };
const { values, positionals } = parseArgs({ allowPositionals: true, options });
const folders =
  positionals.length > 0 ? positionals.map((folder) => relative(root, join(process.cwd(), folder))) : packages();

await make("JavaScript", javaScriptKey, makeJavaScript);
if (values.declarations) {
  console.log("Types: checking all, and writing declarations");
  checkTypes();
  await make("declarations", declarationsKey, makeDeclarations);
}

/** Makes one kind of output in the packages whose key is not the one that it was made with. */
async function make(kind, keyOf, makeIn) {
  let made = 0;
  for (const folder of folders) {
    const place = {
      folder: join(root, folder),
      note: join(root, ".build", folder, `${kind}.json`),
      isOurs: (file) => file.endsWith(".d.ts") === (kind === "declarations"),
    };
    const isMade = await buildInto(place, keyOf(folder), (out) => {
      console.log(`Building ${kind} of ${folder}`);
      return makeIn(folder, out);
    });
    if (isMade) made++;
  }
  const unchanged = folders.length - made;
  console.log(`${kind}: ${made} built${unchanged > 0 ? `, ${unchanged} unchanged` : ""}`);
}

function packages() {
  return ["packages", "plugins"].flatMap((group) => readdirSync(join(root, group)).map((name) => `${group}/${name}`));
}
