import { mkdirSync } from "node:fs";
import path from "node:path";
import { describe, expect, it } from "vitest";
import { outputFiles } from "../src/output-files";
import { temporaryFolder } from "./temporary-folder";

const folder = temporaryFolder();

/** Names in the folder, of all images of a batch. */
function names(prompts: readonly string[], count: number, out = `${folder.path}/`): string[] {
  const plan = { prompts, count, seed: 7, width: 8, height: 8 };
  return outputFiles(out, plan, [...Array(count).keys()]).map((file) => path.relative(folder.path, file));
}

describe("outputFiles", () => {
  it("names each image of a batch after its own prompt", () => {
    expect(names(["A dog!", "红心 ❤️"], 2)).toEqual(["a-dog-7.png", "红心-7.png"]);
    expect(names([""], 1)).toEqual(["image-7.png"]);
    expect(names([], 2)).toEqual(["image-7-1.png", "image-7-2.png"]);
  });

  it("numbers those of equal names, and no two are one file", () => {
    expect(names(["a dog", "a cat"], 4)).toEqual(["a-dog-7-1.png", "a-dog-7-2.png", "a-cat-7-1.png", "a-cat-7-2.png"]);
    expect(names(["dog", "a cat", "Dog."], 3)).toEqual(["dog-7-1.png", "a-cat-7.png", "dog-7-2.png"]);
    const odd = names(["dog", "dog", "dog 7 1", "dog-7"], 4);
    expect(new Set(odd).size).toBe(4);
    expect(names(Array(10).fill("x"), 10).at(-1)).toBe("x-7-10.png");
    expect(names(Array(10).fill("x"), 10)[0]).toBe("x-7-01.png");
  });

  it("takes one image of a batch with its own name", () => {
    const plan = { prompts: ["dog", "cat"], count: 4, seed: 7, width: 8, height: 8 };
    expect(outputFiles(folder.path, plan, [2])).toEqual([path.join(folder.path, "cat-7.png")]);
  });

  it.each(["heart.png", "heart.jpg", "heart.JPEG", "heart.webp"])("numbers files of a name: %s", (name) => {
    const [stem, end] = name.split(".");
    const out = path.join(folder.path, name);
    expect(names(["dog"], 1, out)).toEqual([name]);
    expect(names(["dog", "cat"], 2, out)).toEqual([`${stem}-1.${end}`, `${stem}-2.${end}`]);
  });

  it("takes what has no ending for a folder, and refuses other endings", () => {
    expect(names(["dog"], 1, path.join(folder.path, "new"))).toEqual(["new/dog-7.png"]);
    mkdirSync(path.join(folder.path, "of.avif"));
    expect(names(["dog"], 1, path.join(folder.path, "of.avif"))).toEqual(["of.avif/dog-7.png"]);
    expect(() => names(["dog"], 1, path.join(folder.path, "a.avif"))).toThrow(
      /a\.avif cannot be written: images are written as \.png, \.jpg, \.jpeg, \.webp; give such a name, or a folder/,
    );
  });
});
