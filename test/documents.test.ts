import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { Marked, type Token, type Tokens } from "marked";
import { gfmHeadingId } from "marked-gfm-heading-id";
import { describe, expect, it } from "vitest";

const root = join(import.meta.dirname, "..");
const markdownIn = (folder: string): string[] =>
  readdirSync(join(root, folder)).flatMap((name) => (name.endsWith(".md") ? [join(folder, name)] : []));

/** All that people read in the repository. */
const documents = [
  ...[".", "docs", "bench"].flatMap(markdownIn),
  ...["packages", "plugins", "examples", "models"].flatMap((place) =>
    readdirSync(join(root, place)).flatMap((name) => markdownIn(join(place, name))),
  ),
];

interface Rendered {
  readonly html: string;
  readonly tokens: readonly Token[];
}

function render(document: string): Rendered {
  const marked = new Marked(gfmHeadingId());
  const text = readFileSync(join(root, document), "utf8");
  const tokens: Token[] = [];
  marked.use({ walkTokens: (token) => void tokens.push(token) });
  return { html: marked.parse(text) as string, tokens };
}

const rendered = new Map(documents.map((document) => [document, render(document)]));
const isOf =
  <T extends Token>(type: T["type"]) =>
  (token: Token): token is T =>
    token.type === type;

/** Anchors as GitHub makes them, and those that stand in the text as HTML. */
function anchorsOf({ html }: Rendered): Set<string> {
  return new Set([...html.matchAll(/\b(?:id|name)="([^"]+)"/g)].map(([, id]) => id!));
}

describe.each(documents)("%s", (document) => {
  const { html, tokens } = rendered.get(document)!;

  it("has tables that are tables", () => {
    const broken = tokens
      .filter(isOf<Tokens.Paragraph>("paragraph"))
      .filter(({ raw }) => raw.split("\n").some((line) => /^\s*\|.*\|\s*$/.test(line)));
    expect(broken.map(({ raw }) => raw)).toEqual([]);
  });

  it("has rows of as many cells as their heading", () => {
    const tables = tokens.filter(isOf<Tokens.Table>("table"));
    const lines = tables.flatMap(({ raw, header }) =>
      raw
        .trim()
        .split("\n")
        .map((line) => ({ line, cells: cellsOf(line), expected: header.length })),
    );
    expect(lines.filter(({ cells, expected }) => cells !== expected).map(({ line }) => line)).toEqual([]);
  });

  it("has a heading and a table apart from what stands before them", () => {
    const glued = tokens.filter(isOf<Tokens.List>("list")).filter(({ raw }) => /^\s*\|\s*-{3}/m.test(raw));
    expect(glued.map(({ raw }) => raw)).toEqual([]);
  });

  it("links to what is there, anchors among it", () => {
    const targets = [...html.matchAll(/\b(?:href|src)="([^"]+)"/g)].map(([, target]) => decodeURI(target!));
    const missing = targets.filter((target) => !/^(\w+:|\/\/)/.test(target)).filter((target) => !isThere(target));
    expect(missing).toEqual([]);
  });

  function isThere(target: string): boolean {
    const [path, anchor] = target.split("#") as [string, string?];
    const file = path === "" ? document : join(dirname(document), path);
    if (!existsSync(join(root, file))) return false;
    const other = rendered.get(file);
    return anchor === undefined || other === undefined || anchorsOf(other).has(anchor);
  }
});

/** Of a table's line, without what is escaped. */
function cellsOf(line: string): number {
  return line.trim().replace(/^\|/, "").replace(/\|$/, "").replaceAll("\\|", "").split("|").length;
}
