import { runToy, type ToyStep } from "@skipstep/contract/graph";
import { describe, expect, it } from "vitest";
import { MagCache, type MagCacheOptions } from "../src/index";
import { interpolate } from "../src/interpolate";

/** As diffusers lists them for FLUX.1, whose authors measured them. */
const flux = [
  1, 1.21094, 1.11719, 1.07812, 1.0625, 1.03906, 1.03125, 1.03906, 1.02344, 1.03125, 1.02344, 0.98047, 1.01562, 1.00781,
  1, 1.00781, 1, 1.00781, 1, 1, 0.99609, 0.99609, 0.98047, 0.98828, 0.96484, 0.95703, 0.93359, 0.89062,
];

/** The blocks add the step's number + 1, or what `adds` says. */
function run(
  options: Partial<MagCacheOptions>,
  count: number,
  more: { adds?: (step: number) => number; firstStep?: number; tokens?: (step: number) => number } = {},
): Promise<ToyStep[]> {
  const { adds = (step) => step + 1, ...rest } = more;
  const defaults = { threshold: 0.06, max_skip_steps: 3, retention_ratio: 0.2, mag_ratios: flux, calibrate: false };
  const plugin = new MagCache({ ...defaults, ...options });
  return runToy(plugin, { ...rest, count, regions: (step) => [{ name: "blocks", adds: adds(step) }] });
}

const mask = (steps: readonly ToyStep[]): string => steps.map(({ computed }) => computed.length).join("");

describe("the rule of MagCache", () => {
  it("skips as diffusers does with FLUX's ratios", async () => {
    // Computed beforehand from diffusers' rule, with its defaults.
    const steps = await run({}, 28);
    expect(mask(steps)).toBe("1111110101000100010001001011");
    expect(Object.keys(steps[5]!.numbers)).toEqual([]);
    expect(steps[6]!.numbers.accumulated).toBeCloseTo(0.03125, 6);
    expect(steps[7]!.numbers.accumulated).toBeCloseTo(0.03125 + 1.03125 * 1.03906 - 1, 6);
    // 1 + what the last computed step added
    expect([steps[6]!.hidden, steps[8]!.hidden, steps[10]!.hidden]).toEqual([7, 9, 11]);
  });

  it("skips up to the threshold itself, and no more steps in a row than it may", async () => {
    const options = { mag_ratios: [1], retention_ratio: 0, threshold: 0 };
    expect(mask(await run({ ...options, max_skip_steps: 2 }, 8))).toBe("10010010");
    expect(mask(await run({ ...options, max_skip_steps: 0 }, 4))).toBe("1111");
    // 1 - 0.75 at the first step behind a computed one, 1 - 0.75 * 0.75 more at the second
    const sinking = { mag_ratios: [0.75], retention_ratio: 0 };
    expect(mask(await run({ ...sinking, threshold: 0.25 }, 6))).toBe("101010");
    expect(mask(await run({ ...sinking, threshold: 0.2499 }, 6))).toBe("111111");
    expect(mask(await run({ ...sinking, threshold: 0.6875 }, 6))).toBe("100100");
  });

  it.each([
    [0, "100010"],
    [0.3, "110001"], // int(0.3 * 6 + 0.5) = 2
    [1, "111111"],
  ])("computes a share of %d at the start", async (retention_ratio, expected) => {
    expect(mask(await run({ mag_ratios: [1], retention_ratio }, 6))).toBe(expected);
  });

  it("begins where the run begins, and computes when the size changes", async () => {
    const options = { mag_ratios: [1], retention_ratio: 0 };
    expect(mask(await run(options, 6, { firstStep: 2 }))).toBe("1000");
    expect(mask(await run(options, 6, { tokens: (step) => (step < 2 ? 4 : 6) }))).toBe("101000");
  });

  it("computes, and shows it, after a step that broke", async () => {
    const adds = (step: number): number => (step === 0 ? Number.NaN : 5);
    const steps = await run({ mag_ratios: [1], retention_ratio: 0 }, 4, { adds });
    expect(mask(steps)).toBe("1100");
    expect(steps[1]!.numbers).toEqual({ accumulated: 0, residual: Number.NaN });
    expect(steps[2]!.numbers).toEqual({ accumulated: 0 });
  });

  it("remembers one residual from the last retained step on", async () => {
    const steps = await run({ mag_ratios: [1], retention_ratio: 0.5, max_skip_steps: 1 }, 6);
    expect(mask(steps)).toBe("111010");
    expect(steps.map(({ kept }) => kept)).toEqual([0, 0, 1, 1, 1, 1]);
  });
});

describe("ratios for another number of steps", () => {
  it.each([
    [[1, 2, 3, 4], 4, [1, 2, 3, 4]],
    [[1, 2, 3, 4], 7, [1, 1, 2, 3, 3, 3, 4]], // places 0, 0.5, 1, 1.5, 2, 2.5, 3: halves go to the even one
    [[1, 2, 3, 4, 5], 3, [1, 3, 5]],
    [[1, 2, 3], 1, [3]],
    [[7], 3, [7, 7, 7]],
  ])("of %j for %i", (ratios, steps, expected) => {
    expect(interpolate(ratios, steps)).toEqual(expected);
  });
});
