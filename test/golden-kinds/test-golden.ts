import { join } from "node:path";
import { expect, it, type TestFunction } from "vitest";
import { device, findDriver, timeout } from "../device";
import { findCases } from "./cases";
import { sameWork } from "./same-work";
import { ownShare } from "./share";

const root = process.env.SKIPSTEP_GOLDEN ?? join(import.meta.dirname, "../golden");

/**
 * Registers the golden cases of one file of tests: two of them have about as much to do, one for each of two cores.
 * @param ofPictures those that draw whole pictures with a model's folder, or all others
 */
export async function testGolden(ofPictures: boolean): Promise<void> {
  const driver = device === "cpu" ? undefined : await findDriver();
  if (driver) console.log(`driver for ${device}: ${driver.name}`);
  const cases = findCases(root).filter(({ runsModel }) => runsModel || !driver);

  it("finds golden cases", () => {
    expect(cases.filter(({ run }) => run !== undefined)).not.toEqual([]);
  });

  const leftOut = driver && !process.env.SKIPSTEP_GOLDEN_ALL ? sameWork(cases, root) : new Set();
  if (leftOut.size > 0)
    console.log(`left out, as only prompt and seed differ from another: ${[...leftOut].join(", ")}`);

  for (const { name, run } of ownShare(cases.filter(({ name }) => !leftOut.has(name)))) {
    if (isOfPictures(name) !== ofPictures) continue;
    if (run) it.skipIf(driver?.works === false)(name, timed(run), timeout);
    else it.todo(`${name} (pending: this kind is not built yet)`);
  }
}

function isOfPictures(name: string): boolean {
  return /^(pipelines|emoji)/.test(name);
}

/** Notes the processor time that a case takes, which a machine's other work does not change. */
function timed(run: () => Promise<void>): TestFunction {
  return async ({ task }) => {
    const before = process.cpuUsage();
    try {
      await run();
    } finally {
      const { user, system } = process.cpuUsage(before);
      Object.assign(task.meta, { processorSeconds: Number(((user + system) / 1e6).toFixed(1)) });
    }
  };
}
