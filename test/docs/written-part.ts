import { readFileSync } from "node:fs";
import { expect } from "vitest";

/**
 * Holds a part of a page, between `<!-- name -->` and `<!-- /name -->`, against what it is made of; `vitest -u` writes it.
 * @param path of the page
 */
export async function expectWritten(path: string, name: string, written: string): Promise<void> {
  const part = new RegExp(`(?<=<!-- ${name} -->\\n)[\\s\\S]*?(?=<!-- /${name} -->)`);
  const text = readFileSync(path, "utf8");
  expect(text.match(part)).not.toBeNull();
  await expect(text.replace(part, () => written)).toMatchFileSnapshot(path);
}
