import { runToy, type ToyStep } from "@skipstep/contract/graph";
import { floats } from "@skipstep/core/plugin";
import { describe, expect, it } from "vitest";
import { SeaCache, type SeaCacheOptions } from "../src/index";

const defaults: SeaCacheOptions = {
  threshold: 0.25,
  residual_order: 0,
  retention_steps: 0,
  cache_end_steps: 0,
  max_consecutive_cached: 0,
  power_exp: 3,
};

/**
 * The blocks add the step's number squared, so that a reused step shows whose residual it took. Latents are one number a
 * batch item, of which the filter leaves all.
 */
function run(
  options: Partial<SeaCacheOptions>,
  latents: readonly (readonly number[])[],
  more: { tokens?: (step: number) => number; firstStep?: number } = {},
): Promise<ToyStep[]> {
  return runToy(new SeaCache({ ...defaults, ...options }), {
    ...more,
    count: latents.length,
    facts: (step) => ({
      sigma: 0.5,
      latents: floats([latents[step]!.length, 1, 1, 1], Float32Array.from(latents[step]!)),
    }),
    regions: (step) => [{ name: "blocks", adds: step ** 2 }],
  });
}

const mask = (steps: readonly ToyStep[]): string => steps.map(({ computed }) => computed.length).join("");
const ones = (...values: number[]): number[][] => values.map((value) => [value]);
const still = (count: number): number[][] => ones(...Array<number>(count).fill(1));

describe("the rule of SeaCache", () => {
  it("compares with the step before, computed or not, and adds up to the threshold, which computes", async () => {
    const steps = await run({}, ones(64, 72, 81, 81, 72.9, 72.9));
    expect(steps.map(({ numbers }) => numbers.distance && Number(numbers.distance.toFixed(4)))).toEqual([
      undefined,
      0.125,
      0.125,
      0,
      0.1,
      0,
    ]);
    expect(mask(steps)).toBe("101000");
    expect(steps[2]!.numbers.accumulated).toBeCloseTo(0.25, 12);
    expect(steps[5]!.numbers.accumulated).toBeCloseTo(0.1, 6);
  });

  it("takes the mean over the batch", async () => {
    const [, second] = await run({}, [
      [1, 1],
      [1.25, 1],
    ]);
    expect(second!.numbers.distance).toBeCloseTo(0.125, 12);
  });

  it("computes the first and the last steps, and after so many that it reused", async () => {
    expect(mask(await run({ retention_steps: 2, cache_end_steps: 2 }, still(8)))).toBe("11000011");
    expect(mask(await run({ max_consecutive_cached: 2 }, still(8)))).toBe("10010010");
    expect(mask(await run({ retention_steps: 9 }, still(3)))).toBe("111");
  });

  it("repeats what the blocks added last, or continues it by the steps between", async () => {
    const moves = ones(1, 2, 2, 2, 4, 4);
    const repeated = await run({}, moves);
    expect(mask(repeated)).toBe("110010");
    expect(repeated.map(({ hidden }) => hidden - 1)).toEqual([0, 1, 1, 1, 16, 16]);
    const continued = await run({ residual_order: 1 }, moves);
    // From 0 at step 0 and 1 at step 1; then from 1 at step 1 and 16 at step 4.
    expect(continued.map(({ hidden }) => hidden - 1)).toEqual([0, 1, 2, 3, 16, 21]);
  });

  it.each([
    ["nothing is there", [0, 0, 0], "100"], // as the reference, which divides by a little more
    ["something comes out of nothing", [0, 1, 1], "110"],
    ["the model breaks", [1, Number.NaN, Number.NaN], "111"],
  ])("where %s", async (_, values, expected) => {
    expect(mask(await run({}, ones(...values)))).toBe(expected);
  });

  it("begins where the run begins, and anew where the size changes", async () => {
    expect(mask(await run({}, still(5), { firstStep: 2 }))).toBe("100");
    expect(mask(await run({}, still(6), { tokens: (step) => (step < 3 ? 4 : 6) }))).toBe("100100");
    const wider = [...still(3), ...Array.from({ length: 2 }, () => [1, 1])];
    expect(mask(await run({}, wider))).toBe("10010");
  });

  it("remembers a tensor, two where it continues a line, and none at threshold 0", async () => {
    expect((await run({}, still(4))).map(({ kept }) => kept)).toEqual([1, 1, 1, 1]);
    expect((await run({ residual_order: 1 }, ones(1, 2, 4, 4))).map(({ kept }) => kept)).toEqual([1, 2, 2, 2]);
    expect((await run({ threshold: 0 }, still(3))).map(({ kept, computed }) => [kept, computed.length])).toEqual([
      [0, 1],
      [0, 1],
      [0, 1],
    ]);
  });
});
