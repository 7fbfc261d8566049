import { extname, join, resolve } from "node:path";
import type { ImagePlan } from "@skipstep/core";
import { outputUnwritable } from "./errors";
import { isFolder } from "./is-folder";

/**
 * Where the images go, as absolute paths: `heart.png`, or `heart-1.png`, `heart-2.png`, ... for several.
 *
 * @param out a `.png` file, or a folder; the working directory when left out
 * @param count how many images are written
 * @throws SKIPSTEP_OUTPUT_UNWRITABLE when it is neither
 */
export function outputFiles(out: string | undefined, plan: ImagePlan, count: number): string[] {
  const file = fileOf(out, plan);
  if (count === 1) return [file];
  const stem = file.slice(0, -extension.length);
  const digits = String(count).length;
  return Array.from({ length: count }, (_, i) => `${stem}-${String(i + 1).padStart(digits, "0")}${extension}`);
}

const extension = ".png";

function fileOf(out: string | undefined, plan: ImagePlan): string {
  const path = resolve(out ?? ".");
  if (out === undefined || isFolder(out) || /[\\/]$/.test(out)) return join(path, nameOf(plan));
  if (extname(path) === extension) return path;
  if (extname(path) === "") return join(path, nameOf(plan));
  throw outputUnwritable(out, `images are written as ${extension}; give such a name, or a folder`);
}

/** `a-red-heart-42.png`: letters and digits of the first prompt, and the seed. */
function nameOf({ prompts: [prompt = ""], seed }: ImagePlan): string {
  const words = prompt
    .slice(0, 10_000)
    .toLowerCase()
    .match(/[\p{L}\p{N}][\p{L}\p{M}\p{N}]*/gu) ?? ["image"];
  return `${[...words.join("-")].slice(0, 40).join("").replace(/-$/, "")}-${seed}${extension}`;
}
