import { join } from "node:path";
import { expect, it } from "vitest";
import { device, findDriver, timeout } from "./device";
import { findCases } from "./golden-kinds/cases";

const root = process.env.SKIPSTEP_GOLDEN ?? join(import.meta.dirname, "golden");
const driver = device === "cpu" ? undefined : await findDriver();
if (driver) console.log(`driver for ${device}: ${driver.name}`);
const cases = findCases(root).filter(({ runsModel }) => runsModel || !driver);

it("finds golden cases", () => {
  expect(cases.filter(({ run }) => run !== undefined)).not.toEqual([]);
});

for (const { name, run } of cases) {
  if (run) it.skipIf(driver?.works === false)(name, run, timeout);
  else it.todo(`${name} (pending: this kind is not built yet)`);
}
