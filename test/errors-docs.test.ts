import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";

const root = fileURLToPath(new URL("../", import.meta.url));

/** Codes as they are thrown: whole string literals. Names of environment variables are not quoted so. */
function codesInSources(): Set<string> {
  const folders = ["packages", "plugins"].flatMap((kind) =>
    readdirSync(path.join(root, kind)).map((name) => path.join(root, kind, name, "src")),
  );
  const files = folders.flatMap((folder) =>
    readdirSync(folder, { recursive: true, encoding: "utf8" })
      .filter((name) => name.endsWith(".ts"))
      .map((name) => path.join(folder, name)),
  );
  return new Set(files.flatMap((file) => readFileSync(file, "utf8").match(/(?<=")SKIPSTEP_[A-Z0-9_]+(?=")/g) ?? []));
}

function codesInDocs(): string[] {
  return readFileSync(path.join(root, "docs/errors.md"), "utf8").match(/(?<=^\| `)SKIPSTEP_[A-Z0-9_]+(?=`)/gm) ?? [];
}

describe("docs/errors.md", () => {
  it("has a row for every code in the sources, and no other", () => {
    expect(codesInDocs().sort()).toEqual([...codesInSources()].sort());
  });
});
