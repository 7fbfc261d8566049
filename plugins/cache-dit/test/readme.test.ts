import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { optionsWith } from "./toy";

it("has a row in the README for every option, with its default", () => {
  const readme = readFileSync(join(import.meta.dirname, "../README.md"), "utf8");
  const rows = [...readme.matchAll(/^\| `(\w+)` +\| [^|]+\| ([^ ]+) +\|/gm)].map(([, name, value]) => [name, value]);
  const shown = (value: unknown): string => (typeof value === "string" ? value : JSON.stringify(value));
  expect(rows).toEqual(Object.entries(optionsWith({})).map(([name, value]) => [name, shown(value)]));
});
