import { runToy, type ToyStep } from "@skipstep/contract/graph";
import { describe, expect, it } from "vitest";
import { codebooks, rateFor } from "../src/codebook";
import { AdaCache, type AdaCacheOptions } from "../src/index";

/** Two measured blocks add what `adds` says; all blocks together add the step's number + 1. */
function run(
  options: Partial<AdaCacheOptions>,
  count: number,
  adds: (step: number, block: number) => number,
  more: { firstStep?: number; tokens?: (step: number) => number } = {},
): Promise<ToyStep[]> {
  const plugin = new AdaCache({ codebook: "fast", cache_loc: null, ...options });
  return runToy(plugin, {
    ...more,
    count,
    regions: (step) => [
      {
        name: "blocks",
        adds: step + 1,
        inside: [0, 1].map((block) => ({ name: `layers.${block}`, adds: adds(step, block) })),
      },
    ],
  });
}

const computed = (steps: readonly ToyStep[], first = 0): number[] =>
  steps.flatMap((step, i) => (step.computed.includes("blocks") ? [i + first] : []));

describe("the rule of AdaCache", () => {
  // Computed beforehand from the authors' rule, whose first step is 1.
  it.each([
    ["long", 100, [1, 2, 14, 26, 38, 50, 62, 74, 86, 98, 99, 100]],
    ["fast", 30, [1, 2, 8, 14, 20, 26, 29, 30]],
    ["slow", 30, [1, 2, 5, 8, 11, 14, 17, 20, 23, 26, 29, 30]],
  ] as const)("of the %s codebook where next to nothing changes", async (codebook, count, expected) => {
    const steps = await run({ codebook }, count, () => 1);
    expect(computed(steps)).toEqual(expected.map((step) => step - 1));
  });

  it("measures against the last computed step, for one step between, and takes the mean of the blocks", async () => {
    // Block 0 changes by 0.5 from step 0 to 1 and by 0.2 from 1 to 3; block 1 by 0.1 and not at all.
    const given = [
      [4, 10],
      [6, 11],
      [0, 0],
      [7.2, 11],
    ];
    const steps = await run({}, 8, (step, block) => given[step]?.[block] ?? 1);
    // (0.5 + 0.1) / 2 = 0.3 lasts 3 steps
    expect(steps[1]!.numbers.rate).toBe(3);
    expect(steps[1]!.numbers.residual_diff).toBeCloseTo(0.3, 6);
    expect(computed(steps).slice(0, 3)).toEqual([0, 1, 4]);
    // At step 4 both have 1: (5/6 + 10/11) / 2 / 3
    expect(steps[4]!.numbers.residual_diff).toBeCloseTo((5 / 6 + 10 / 11) / 6, 6);
    expect(steps[4]!.numbers.rate).toBe(3);
    // 1 + what the last computed step added
    expect(steps.map(({ hidden }) => hidden)).toEqual([2, 3, 3, 3, 6, 6, 8, 9]);
  });

  it.each([
    [0.0799, 6],
    [0.08, 5],
    [0.3999, 2],
    [0.4, 1],
    [7, 1],
    [Number.NaN, 1],
    [Number.POSITIVE_INFINITY, 1],
  ])("of a change of %d with the fast codebook", (change, rate) => {
    expect(rateFor(codebooks.fast, change)).toBe(rate);
  });

  it("computes at once, and shows it, what is not finite, whatever the codebook ends with", async () => {
    const steps = await run({ codebook: "long" }, 7, (step) => (step === 1 ? Number.NaN : 1));
    expect(computed(steps)).toEqual([0, 1, 2, 3, 5, 6]);
    expect(steps[1]!.numbers).toEqual({ residual_diff: Number.NaN, rate: 1 });
    expect((await run({}, 3, () => 0))[1]!.numbers).toEqual({ residual_diff: Number.NaN, rate: 1 });
  });

  it("begins where the run begins, and computes when the size changes", async () => {
    expect(computed(await run({}, 12, () => 1, { firstStep: 3 }), 3)).toEqual([3, 4, 10, 11]);
    const tokens = (step: number): number => (step < 3 ? 4 : 6);
    expect(computed(await run({}, 14, () => 1, { tokens }))).toEqual([0, 1, 3, 9, 12, 13]);
  });

  it("remembers one residual a measured block, and one of all while a step is to take it", async () => {
    const steps = await run({ codebook: "slow" }, 7, () => 1);
    expect(computed(steps)).toEqual([0, 1, 4, 5, 6]);
    expect(steps.map(({ kept }) => kept)).toEqual([2, 3, 3, 3, 2, 2, 2]);
    expect((await run({ codebook: [[1, 1]] }, 3, () => 1)).map(({ kept }) => kept)).toEqual([0, 0, 0]);
  });
});
