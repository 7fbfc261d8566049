import { expect, it } from "vitest";
import { RunHooks } from "../src/loop/run-hooks";
import type { BoundPlan } from "../src/program/bound-plan";
import type { RegionWork } from "../src/program/work-meter";
import { reportCompute } from "../src/report/compute-report";
import type { RegionReceipt } from "../src/report/receipts";

/** Segments of 10, 60 and 30 FLOPs. */
const bound = { flops: [10, 60, 30] } as unknown as BoundPlan;
const middle: RegionWork = { bound, segments: [1], flops: 60 };

/** Four passes, the first of which is slow in the middle; two skip it. */
function fourPasses(skipped: readonly RegionWork[]): RunHooks {
  const hooks = new RunHooks({ plugins: [] });
  for (const middleSeconds of [9, 2, 2, undefined]) {
    hooks.meter.add(bound.flops.reduce((sum, flops) => sum + flops, 0));
    hooks.meter.ran(bound, 0, 1);
    if (middleSeconds !== undefined) hooks.meter.ran(bound, 1, middleSeconds);
    hooks.meter.ran(bound, 2, 1);
  }
  hooks.meter.seconds = 17;
  hooks.receipts.push({ plugin: "cache", skipped } as unknown as RegionReceipt);
  return hooks;
}

it("takes the median of a segment's runs for what it would have taken, less the plugin's own work", () => {
  const hooks = fourPasses([middle, middle]);
  hooks.accountOf("cache").seconds = 1;
  const found = reportCompute("cache", hooks)!;
  expect(found.skippedFlops).toBe(120);
  expect(found.skippedShare).toBe(120 / 400);
  expect(found.savedSeconds).toBe(2 + 2 - 1);
  expect(found.savedShare).toBe(3 / (17 + 3));
  expect(found.realised).toBeCloseTo((1 - 0.3) / (1 - 0.15), 12);
});

it("says so where a plugin's own work takes longer than what it skips", () => {
  const hooks = fourPasses([middle]);
  hooks.accountOf("cache").seconds = 5;
  const { savedSeconds, savedShare, realised } = reportCompute("cache", hooks)!;
  expect(savedSeconds).toBe(-3);
  expect(savedShare).toBeLessThan(0);
  expect(realised).toBeLessThan(0.85);
});

it("knows no time of a segment that never ran at those sizes, and says nothing of a plugin that skipped nothing", () => {
  const other = { flops: [1, 6, 3] } as unknown as BoundPlan;
  expect(reportCompute("cache", fourPasses([{ ...middle, bound: other, flops: 6 }]))!.savedSeconds).toBe(0);
  expect(reportCompute("cache", fourPasses([]))).toBeUndefined();
  expect(reportCompute("another", fourPasses([middle]))).toBeUndefined();
});
