import { describe, expect, it } from "vitest";
import { TaylorSeries } from "../src/index";
import { passes, valuesOf } from "./passes";

/** Feeds Y_s = s^2 at the computed steps. @returns what it makes of the others, and the numbers it keeps after each */
async function follow(
  series: TaylorSeries,
  computed: readonly number[],
  steps: number,
): Promise<{ predicted: Record<number, number>; kept: number[] }> {
  const predicted: Record<number, number> = {};
  const kept = await passes(steps, async (step, upload) => {
    if (!computed.includes(step)) {
      predicted[step] = (await valuesOf(await series.approximate(step)))[0]!;
      return;
    }
    series.prepare();
    await series.update(upload(step * step), step);
  });
  return { predicted, kept };
}

describe("TaylorSeer", () => {
  it.each<[number, number, number[], number, Record<number, number>]>([
    // cache-dit's delay
    [1, 2, [0, 1, 2, 3, 4, 8], 11, { 5: 23, 6: 30, 7: 37, 9: 76, 10: 88 }],
    [2, 2, [0, 1, 2, 3, 4, 8], 11, { 5: 24, 6: 34, 7: 46, 9: 76.625, 10: 90.5 }],
    [1, 2, [0, 1, 4], 7, { 2: 1, 3: 1, 5: 21, 6: 26 }],
    [1, 2, [0, 1, 2], 4, { 3: 4 }],
    // ParaAttention's: a derivative one step earlier
    [1, 1, [0, 1, 2], 4, { 3: 7 }],
    [1, 1, [0, 1], 3, { 2: 1 }],
    [0, 0, [0, 1, 2, 5], 7, { 3: 4, 4: 4, 6: 25 }],
  ])("of order %d with delay %d, computed at steps %j", async (order, delay, computed, steps, expected) => {
    expect((await follow(new TaylorSeries(order, delay), computed, steps)).predicted).toEqual(expected);
  });

  it("counts its delay from the first step that it is given", async () => {
    const late = new TaylorSeries(1, 2);
    await passes(9, async (step, upload) => {
      if (step >= 4 && step < 7) await late.update(upload(step * step), step);
      if (step === 7) expect(await valuesOf(await late.approximate(step))).toEqual([36]);
    });
  });

  it("keeps one tensor for each derivative and one for the value", async () => {
    const { kept } = await follow(new TaylorSeries(3, 2), [0, 1, 2, 3, 4, 5, 6, 8], 9);
    expect(kept).toEqual([1, 1, 1, 2, 3, 4, 4, 4, 4]);
  });

  it("lets go of the highest derivative before a step, and of all when it is released", async () => {
    const series = new TaylorSeries(1, 0);
    const kept = await passes(4, async (step, upload, kept) => {
      series.prepare();
      if (step === 2) expect(kept()).toBe(1);
      if (step < 3) await series.update(upload(step), step);
      else series.release();
    });
    expect(kept).toEqual([1, 2, 2, 0]);
  });
});
