import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { ownFamilies as families } from "../src/families/families";

it("the README lists every family that Skipstep runs", () => {
  const readme = readFileSync(join(import.meta.dirname, "../../../README.md"), "utf8");
  for (const { className } of families) expect(readme).toContain(`\`${className}\``);
});
