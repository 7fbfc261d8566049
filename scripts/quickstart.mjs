/** From a fresh clone to a picture: installs what is missing, builds what changed, and makes one with the shipped model. */
import { join } from "node:path";
import { build, install, root, run } from "./pnpm.mjs";

const [prompt = "red heart"] = process.argv.slice(2);

install();
build();
run(process.execPath, [
  join(root, "packages/cli/bin/skipstep.js"),
  "generate",
  join(root, "configs/emoji-fast.json"),
  "--prompt",
  prompt,
  "--out",
  join(root, "out", `${prompt.replace(/[^\p{L}\p{N}]+/gu, "-")}.png`),
]);
