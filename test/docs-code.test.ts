import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, expect, it } from "vitest";
import { codeBlocks } from "./docs/code-blocks";
import { familiesCode } from "./docs/families-guide";
import { pluginDocuments } from "./docs/plugin-documents";
import { forgetParsed, typeErrors } from "./docs/type-errors";

const root = join(import.meta.dirname, "..");
const read = (file: string): string => readFileSync(join(root, file), "utf8");

// In one file, for what they import is parsed once, and let go of: it takes 200 MB, which each collection would mark.
afterAll(forgetParsed);

it("README.md has TypeScript that compiles", () => {
  const [script, plugin] = codeBlocks(read("README.md"), "ts").map(({ code }) => code) as [string, string];
  const modules = { script, plugin };
  expect(
    typeErrors(Object.entries(modules).map(([name, code]) => ({ path: join(root, `test/readme-${name}.ts`), code }))),
  ).toEqual([]);
});

it("documents on plugins and families have TypeScript that compiles", () => {
  const families = [...familiesCode].map(([file, code]) => ({ path: join(root, "test/families", file), code }));
  const modules = pluginDocuments.flatMap((file) =>
    codeBlocks(read(file), "ts").map(({ code, line }) => ({
      // The example's test imports its own sources.
      path: join(
        root,
        code.includes('"../src/index"') ? "examples/plugin/test" : "test",
        `${file.replaceAll(/\W/g, "-")}-${line}.ts`,
      ),
      code,
    })),
  );
  expect(modules.length).toBeGreaterThan(5);
  expect(families.length).toBeGreaterThan(5);
  expect(typeErrors([...modules, ...families])).toEqual([]);
});

it("docs/model-parts.md lists names that the door for models gives", () => {
  const page = read("docs/model-parts.md");
  const cells = [...page.matchAll(/^\|[^|]+\|(.*)\|$/gm)].map(([, cell]) => cell!);
  const names = new Set(cells.flatMap((cell) => [...cell.matchAll(/`(\w+)`/g)].map(([, name]) => name!)));
  expect(names.size).toBeGreaterThan(100);
  const code = `import type { ${[...names].join(", ")} } from "@skipstep/core/model";`;
  expect(typeErrors([{ path: join(root, "test/docs-model-parts.ts"), code }])).toEqual([]);
});
