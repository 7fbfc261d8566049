import { extname, join, resolve } from "node:path";
import type { ImagePlan } from "@skipstep/core";
import { imageEndings, isImageName } from "./encoded-image";
import { outputUnwritable } from "./errors";
import { isFolder } from "./is-folder";

/**
 * Where the images go, as absolute paths: `heart.png`, or `heart-1.png`, `heart-2.png`, ... for several. In a folder each
 * is named after its own prompt, and numbered where others have the same.
 *
 * @param out a file of an image, or a folder; the working directory when left out
 * @param indices of the images that are written, in the batch
 * @throws SKIPSTEP_OUTPUT_UNWRITABLE when it is neither
 */
export function outputFiles(out: string | undefined, plan: ImagePlan, indices: readonly number[]): string[] {
  const path = resolve(out ?? ".");
  const isPlace = out === undefined || isFolder(out) || /[\\/]$/.test(out) || extname(path) === "";
  if (!isPlace && !isImageName(path))
    throw outputUnwritable(out, `images are written as ${imageEndings.join(", ")}; give such a name, or a folder`);
  return numbered(isPlace ? indices.map((index) => join(path, nameOf(plan, index))) : indices.map(() => path));
}

/** Those that are there more than once with their numbers, from 1. */
function numbered(files: readonly string[]): string[] {
  const taken = new Set(files);
  return files.map((file, i) => {
    const same = files.filter((other) => other === file).length;
    if (same === 1) return file;
    const count = files.slice(0, i + 1).filter((other) => other === file).length;
    const stem = file.slice(0, -extname(file).length);
    let name = `${stem}-${String(count).padStart(String(same).length, "0")}${extname(file)}`;
    while (taken.has(name)) name = `${name.slice(0, -extname(file).length)}-${count}${extname(file)}`; // another prompt's
    taken.add(name);
    return name;
  });
}

/** `a-red-heart-42.png`: letters and digits of an image's own prompt, and the seed. */
function nameOf({ prompts, seed, count }: ImagePlan, index: number): string {
  const prompt = prompts[Math.floor(index / Math.max(1, count / Math.max(1, prompts.length)))] ?? "";
  const words = prompt
    .slice(0, 10_000)
    .toLowerCase()
    .match(/[\p{L}\p{N}][\p{L}\p{M}\p{N}]*/gu) ?? ["image"];
  return `${[...words.join("-")].slice(0, 40).join("").replace(/-$/, "")}-${seed}${imageEndings[0]!}`;
}
