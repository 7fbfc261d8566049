import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { describe, expect, it } from "vitest";

const root = join(import.meta.dirname, "..");
const sources = join(root, "packages/core/src");

/** Documents that name sources. Those for users name files of theirs. */
const documents = [
  "README.md",
  ...["architecture", "decisions", "migration", "model-parts", "plugins", "security"].map((name) => `docs/${name}.md`),
  ...["packages", "plugins", "examples"].flatMap((folder) =>
    readdirSync(join(root, folder))
      .map((name) => `${folder}/${name}/README.md`)
      .filter((file) => existsSync(join(root, file))),
  ),
];

/** Names with slashes between them, or of a file with code; no names of packages, no formulas, no models of the reader's. */
const path = /^(?!.*\.(safetensors|gguf)$)[\w-][\w.-]*(\/[\w-][\w.-]*)*(\/|\.m?[jt]s|(?<=\/.+))$/;

/** What stands in backticks, without blocks of code; and a drawing, which is a block in no language. */
function wordsOf(text: string): string[] {
  const prose = text.replaceAll(/^```[\s\S]*?^```$/gm, "");
  const blocks = [...text.matchAll(/^```(.*)\n([\s\S]*?)^```$/gm)];
  const drawings = blocks.flatMap(([, language, drawing]) => (language === "" ? drawing!.split(/[\s,()]+/) : []));
  return [...[...prose.matchAll(/`([^`\n]+)`/g)].map(([, word]) => word!), ...drawings];
}

/** From the root, from the document's own folder, or from core's sources; there also without `.ts`. */
function isThere(name: string, document: string): boolean {
  const places = [root, join(root, dirname(document)), sources].map((folder) => join(folder, name));
  return [...places, `${join(sources, name)}.ts`].some((place) => existsSync(place));
}

it.each(documents)("%s names paths that are there", (document) => {
  const paths = wordsOf(readFileSync(join(root, document), "utf8")).filter((word) => path.test(word));
  expect(paths.filter((name) => !isThere(name, document))).toEqual([]);
});

describe("docs/architecture.md", () => {
  const text = readFileSync(join(root, "docs/architecture.md"), "utf8");
  const rows = new Set([...text.matchAll(/^\| `([\w/-]+?)\/?` +\|/gm)].map(([, folder]) => folder));

  it("has a row for every room, and for every package", () => {
    const folders = (place: string): string[] =>
      readdirSync(join(root, place), { withFileTypes: true })
        .filter((entry) => entry.isDirectory())
        .map(({ name }) => name);
    const rooms = folders("packages/core/src").flatMap((room) =>
      room === "weights" ? folders("packages/core/src/weights").map((part) => `weights/${part}`) : [room],
    );
    const packages = folders("packages").map((name) => `packages/${name}`);
    expect([...rooms, ...packages].filter((folder) => !rows.has(folder))).toEqual([]);
  });

  it("names the paths of its drawing, among others", () => {
    expect(wordsOf(text).filter((word) => path.test(word))).toEqual(
      expect.arrayContaining(["start/recognise", "weights/single-file", "packages/core/src", "disk/regular-file.ts"]),
    );
  });
});
