import { runToy, type ToyStep } from "@skipstep/contract/graph";
import { describe, expect, it } from "vitest";
import { TeaCache, type TeaCacheOptions } from "../src/index";

/** The blocks add the step's number + 1, so that a reused step shows whose residual it took. */
function run(
  options: Partial<TeaCacheOptions>,
  inputs: readonly number[],
  more: { className?: string; firstStep?: number; tokens?: (step: number) => number } = {},
): Promise<ToyStep[]> {
  const { className = "FluxTransformer2DModel", ...rest } = more;
  const structure = { className, features: [], lists: [], blocks: [] };
  const plugin = new TeaCache({ rel_l1_thresh: 0.25, coefficients: null, calibrate: false, ...options }, structure);
  return runToy(plugin, {
    ...rest,
    count: inputs.length,
    regions: (step) => [
      { name: "input", adds: 0, gives: { modulated: inputs[step]! } },
      { name: "blocks", adds: step + 1 },
    ],
  });
}

const mask = (steps: readonly ToyStep[]): string =>
  steps.map(({ computed }) => (computed.includes("blocks") ? 1 : 0)).join("");
const growing = (count: number, rate = 0.05): number[] => Array.from({ length: count }, (_, i) => (1 + rate) ** i);

describe("the rule of TeaCache", () => {
  // Computed beforehand from the authors' rule: a change of 0.05 at each of 28 steps.
  it.each([
    [0.25, "1010101010101010101010101011"],
    [0.4, "1001001001001001001001001001"],
    [0.6, "1000100010001000100010001001"],
    [0.8, "1000010000100001000010000101"],
  ])("with FLUX's coefficients and a threshold of %d", async (rel_l1_thresh, expected) => {
    const steps = await run({ rel_l1_thresh }, growing(28));
    expect(mask(steps)).toBe(expected);
    expect(steps[1]!.numbers.input_diff).toBeCloseTo(0.05, 5);
    expect(steps[1]!.numbers.accumulated).toBeCloseTo(0.180503, 4);
    expect(steps.every(({ computed }) => computed.includes("input"))).toBe(true);
  });

  it("compares with the step before, computed or not, and adds up", async () => {
    const steps = await run({ coefficients: [1, 0], rel_l1_thresh: 0.5 }, [100, 125, 150, 180, 180, 180]);
    // 0.25, + 0.2 = 0.45, + 0.2 = 0.65: computed, and counted from 0 again
    expect(mask(steps)).toBe("100101");
    expect(steps.map(({ numbers }) => numbers.accumulated?.toFixed(3))).toEqual([
      undefined,
      "0.250",
      "0.450",
      "0.650",
      "0.000",
      undefined,
    ]);
    // 1 + what the last computed step added
    expect(steps.map(({ hidden }) => hidden)).toEqual([2, 2, 2, 5, 5, 7]);
  });

  it("computes at the threshold itself", async () => {
    expect(mask(await run({ coefficients: [1, 0], rel_l1_thresh: 0.25 }, [100, 125, 125]))).toBe("111");
  });

  it.each([
    ["nothing moves at all", [0, 0, 0, 0], Number.NaN],
    ["something moves after nothing", [0, 1, 0, 1], Number.POSITIVE_INFINITY],
    ["the model breaks", [100, Number.NaN, 100, 100], Number.NaN],
  ])("computes, and shows it, where %s", async (_, inputs, change) => {
    for (const coefficients of [
      [1, 0],
      [-1, 1, 0],
    ]) {
      const steps = await run({ coefficients, rel_l1_thresh: 1e9 }, inputs);
      expect(mask(steps).slice(0, 2)).toBe("11");
      expect(steps[1]!.numbers.input_diff).toBe(change);
    }
  });

  it("begins where the run begins, and computes when the size changes", async () => {
    const options = { coefficients: [1, 0], rel_l1_thresh: 1 };
    expect(mask(await run(options, growing(6), { firstStep: 2 }))).toBe("1001");
    expect(mask(await run(options, growing(6), { tokens: (step) => (step < 2 ? 4 : 6) }))).toBe("101001");
  });

  it("remembers one input and one residual, and nothing that the last steps do not need", async () => {
    const steps = await run({ coefficients: [1, 0], rel_l1_thresh: 0.12 }, growing(7));
    expect(mask(steps)).toBe("1001001");
    expect(steps.map(({ kept }) => kept)).toEqual([2, 2, 2, 2, 2, 2, 0]);
    expect((await run({ rel_l1_thresh: 0 }, growing(3))).map(({ kept }) => kept)).toEqual([0, 0, 0]);
  });
});
