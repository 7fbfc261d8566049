import { join } from "node:path";
import { inFolder } from "../packages/run.mjs";

/** A program's own worker thread, in which the project's script runs. */
export async function threads(app, check) {
  const file = join(app, "thread.png");
  const code = `
    const { Worker } = require("node:worker_threads");
    const thread = new Worker("./draw.mjs", { argv: ["red heart", ${JSON.stringify(file)}] });
    thread.on("error", (error) => { console.error(error); process.exit(1); });`;
  await inFolder(app, process.execPath, ["-e", code]);
  await check("draw.mjs", file);
}
