import { roundHalfEven } from "@skipstep/core/plugin";
import { describe, expect, it } from "vitest";
import { dequantize, type Rounded, type RoundingOptions, roundToNearest } from "../src/index";

function round(values: readonly number[], options: Partial<RoundingOptions> = {}, columns = values.length): Rounded {
  const whole = { bits: 8, scheme: "symmetric", per: "row", ...options } as const;
  return roundToNearest(Float32Array.from(values), values.length / columns, columns, whole);
}

it("rounds half to even", () => {
  expect([0.5, 1.5, 2.5, -0.5, -1.5, 2.4999, 126.5].map(roundHalfEven)).toEqual([0, 2, 2, 0, -2, 2, 126]);
});

describe("roundToNearest", () => {
  it("has the survey's worked example: 2.11 gives a scale of 2.11/127 and codes in -127..127", () => {
    const { scales, codes } = round([2.11, -2.11, 0, 1, -0.5, 0.0084]);
    expect(scales[0]).toBeCloseTo(0.016614, 6);
    expect(scales[0]).toBe(Math.fround(Math.fround(2.11) / 127));
    expect([...codes]).toEqual([127, -127, 0, 60, -30, 1]);
  });

  it("is symmetric in 4 bits", () => {
    const { scales, codes } = round([3.5, -1.25, 0.75, -0.25], { bits: 4 });
    expect(scales[0]).toBe(0.5);
    expect([...codes]).toEqual([7, -2, 2, 0]);
  });

  it("uses the whole range with a scale that has a sign", () => {
    const { scales, codes } = round([3.5, -1.25, 4, -2], { bits: 4, scheme: "full-range" });
    expect(scales[0]).toBe(-0.5);
    expect([...codes]).toEqual([-7, 2, -8, 4]);
  });

  it("has a zero point that makes 0 exact", () => {
    const rounded = round([-1, 0, 2, 6.5], { bits: 4, scheme: "asymmetric" });
    expect([rounded.scales[0], rounded.zeroPoints?.[0]]).toEqual([0.5, 2]);
    expect([...rounded.codes]).toEqual([0, 2, 6, 15]);
    expect([...dequantize(rounded)]).toEqual([-1, 0, 2, 6.5]);
    expect(round([3, 5], { bits: 4, scheme: "asymmetric" }).zeroPoints?.[0]).toBe(0);
  });

  it("has a scale a tensor, a row or a group, the last of them shorter", () => {
    const values = [1, 2, 4, 8, 16, -127, 0, 0, 0, 254];
    expect([...round(values, { per: "tensor" }, 5).scales]).toEqual([2]);
    expect([...round(values, {}, 5).scales]).toEqual([Math.fround(16 / 127), 2]);
    const groups = round(values, { per: 3 }, 5);
    expect([...groups.scales]).toEqual([4, 16, 127, 254].map((most) => Math.fround(most / 127)));
    expect([...groups.codes]).toEqual([32, 64, 127, 64, 127, -127, 0, 0, 0, 127]);
  });

  it("does not divide where all are 0", () => {
    for (const scheme of ["symmetric", "full-range", "asymmetric"] as const) {
      const rounded = round([0, 0, 0], { scheme });
      expect([...rounded.codes]).toEqual([0, 0, 0]);
      expect([...dequantize(rounded)].every((value) => value === 0)).toBe(true);
    }
  });
});
