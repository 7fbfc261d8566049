import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { typeErrors } from "./docs/type-errors";

const root = join(import.meta.dirname, "..");

it("docs/model-parts.md lists names that the door for models gives", () => {
  const page = readFileSync(join(root, "docs/model-parts.md"), "utf8");
  const cells = [...page.matchAll(/^\|[^|]+\|(.*)\|$/gm)].map(([, cell]) => cell!);
  const names = new Set(cells.flatMap((cell) => [...cell.matchAll(/`(\w+)`/g)].map(([, name]) => name!)));
  expect(names.size).toBeGreaterThan(100);
  const code = `import type { ${[...names].join(", ")} } from "@skipstep/core/model";`;
  expect(typeErrors([{ path: join(root, "test/docs-model-parts.ts"), code }])).toEqual([]);
});
