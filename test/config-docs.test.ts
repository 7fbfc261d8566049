import { readFileSync } from "node:fs";
import { join } from "node:path";
import { configSchema } from "@skipstep/core";
import { expect, it } from "vitest";
import { configReference } from "./docs/config-reference";

const root = join(import.meta.dirname, "..");
const page = join(root, "docs/config.md");
const reference = /(?<=<!-- config -->\n)[\s\S]*?(?=<!-- \/config -->)/;

it("docs/config.md has every key of the schema; `pnpm vitest run test/config-docs.test.ts -u` writes it", async () => {
  const text = readFileSync(page, "utf8");
  expect(text.match(reference)).not.toBeNull();
  const written = configReference(await configSchema(root, { plugins: true }));
  await expect(text.replace(reference, () => `${written}\n`)).toMatchFileSnapshot(page);
});
