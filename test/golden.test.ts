import { join } from "node:path";
import { expect, it } from "vitest";
import { findCases } from "./golden-kinds/cases";

const root = process.env.SKIPSTEP_GOLDEN ?? join(import.meta.dirname, "golden");
const cases = findCases(root);

it("finds golden cases", () => {
  expect(cases.filter(({ run }) => run !== undefined)).not.toEqual([]);
});

for (const { name, run } of cases) {
  if (run) it(name, run);
  else it.todo(`${name} (pending: this kind is not built yet)`);
}
