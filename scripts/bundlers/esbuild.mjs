import { mkdirSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { inFolder } from "../packages/run.mjs";
import { writeProgram } from "./program.mjs";

const dist = "node_modules/@skipstep/core/dist";
/** Skipstep's thread and process, which it starts from files beside the bundle. */
const threads = ["runtime/worker", "text/worker", "text/host"].map((name) => `${name}=${dist}/${name}.js`);
/** What is no JavaScript stays in node_modules. */
const natives = ["--external:onnxruntime-node", "--external:sharp"];

/** CommonJS has no import.meta. */
const ownPlace = [
  "--define:import.meta.url=importMetaUrl",
  '--banner:js=const importMetaUrl = require("node:url").pathToFileURL(__filename).href;',
];

const forms = {
  "external, esm": ["draw.ts", "--format=esm", "--packages=external", "--out-extension:.js=.mjs"],
  "external, cjs": ["draw.ts", "--format=cjs", "--packages=external", "--out-extension:.js=.cjs"],
  "full, esm": ["draw=draw.ts", ...threads, "--format=esm", ...natives],
  "full, cjs": ["draw=draw.ts", ...threads, "--format=cjs", ...natives, ...ownPlace],
};

/** @param check is given the picture's path */
export async function esbuild(app, check) {
  writeProgram(app);
  for (const [name, args] of Object.entries(forms)) {
    const isFull = name.startsWith("full");
    const out = isFull ? join(app, "..", name.replace(", ", "-")) : join(app, "out");
    const common = ["esbuild", ...args, "--bundle", "--platform=node", "--target=node20", `--outdir=${out}`];
    await inFolder(app, "npx", common);
    if (isFull) linkNatives(app, out);
    const file = join(app, "esbuild.png");
    const built = isFull ? "draw.js" : name.endsWith("esm") ? "draw.mjs" : "draw.cjs";
    await inFolder(out, process.execPath, [join(out, built), file]);
    await check(name, file);
  }
}

/** Nothing else is there. */
function linkNatives(app, out) {
  mkdirSync(join(out, "node_modules"));
  for (const name of ["onnxruntime-node", "sharp"])
    symlinkSync(join(app, "node_modules", name), join(out, "node_modules", name));
}
