import { describe, expect, it } from "vitest";
import { hasPreset, maskOf, presetMask, presetNames } from "../src/steps-mask";

/** slow, medium, fast, ultra. */
const expected: Readonly<Record<number, readonly string[]>> = {
  4: ["1101", "1101", "1101", "1101"],
  6: ["111001", "111001", "111001", "111001"],
  8: ["11111011", "11110101", "11101001", "11001001"],
  9: ["111110111", "111110101", "111101001", "111001001"],
  12: ["111101101111", "111101101001", "111010010011", "110100100011"],
  16: ["1111111101110011", "1111110110001001", "1111100000000001", "1100000000000001"],
  20: ["11111111011100111001", "11111101100011000101", "11111101000000000001", "11110000000000000001"],
  28: [
    "1111111101110011100110010001",
    "1111110110001100011000110001",
    "1111110100010000100000100001",
    "1111001000001000000100000001",
  ],
  30: [
    "111111111111011100111001100101",
    "111111111011000110001100011001",
    "111111111010001000010000010001",
    "111111001000001000000100000001",
  ],
  50: [
    "11111111111111111111110011111000111110001110001101",
    "11111111111111110011100000111000001110000011100001",
    "11111111111001100000110000000110000000001100000001",
    "11111110001100000000011000000000001100000000000001",
  ],
};

describe("step masks", () => {
  for (const [steps, masks] of Object.entries(expected))
    it(`of ${steps} steps are those of the reference`, () => {
      expect(presetNames.map((name) => presetMask(name, Number(steps)).join(""))).toEqual(masks);
    });

  it("are made of runs", () => {
    const bins = { compute: [6, 1, 1, 1, 1], cache: [1, 2, 5, 5, 5] };
    expect(maskOf(bins, 28).join("")).toBe("1111110100100000100000100000");
  });

  it("have a 0 or 1 for every step, and compute the first and the last, for any number of steps", () => {
    for (let steps = 1; steps <= 200; steps++) {
      if (!hasPreset(steps)) continue;
      for (const name of presetNames)
        expect(presetMask(name, steps).join("")).toMatch(new RegExp(`^1[01]{${steps - 2}}1$`));
    }
    expect([1, 2, 3, 4, 5, 6, 7, 8].map(hasPreset)).toEqual([false, false, false, true, false, true, false, true]);
  });
});
