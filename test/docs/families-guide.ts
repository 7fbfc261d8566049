import { readFileSync } from "node:fs";
import { join } from "node:path";
import { codeBlocks } from "./code-blocks";

const root = join(import.meta.dirname, "../..");

export const familiesGuide = readFileSync(join(root, "docs/families.md"), "utf8");

/** What a reader has who follows it, and what is shown besides, by file names. */
export const familiesCode: ReadonlyMap<string, string> = new Map(
  codeBlocks(familiesGuide, "ts").map(({ code }, i) => [
    ["src/model.ts", "src/pipeline.ts", "src/family.ts", "src/index.ts", "test/tiny.test.ts"][i] ?? `more-${i}.ts`,
    code,
  ]),
);
