import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { graphMethods } from "./docs/graph-methods";

const page = join(import.meta.dirname, "../docs/plugins.md");
const table = /(?<=<!-- graph -->\n)[\s\S]*?(?=<!-- \/graph -->)/;

it("docs/plugins.md lists the methods of a graph with their docstrings; `pnpm vitest run test/graph-docs.test.ts -u` writes it", async () => {
  const text = readFileSync(page, "utf8");
  expect(text.match(table)).not.toBeNull();
  await expect(text.replace(table, () => graphMethods())).toMatchFileSnapshot(page);
});
