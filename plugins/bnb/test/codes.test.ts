import { createHash } from "node:crypto";
import { roundToFloat16 } from "@skipstep/lowbit";
import { describe, expect, it } from "vitest";
import { dequantizeHalves, packHalves, quantizeBlocks } from "../src/blockwise";
import { binOf, binsOf, codeTables, nearestCode, nearestIn } from "../src/codes";
import { dynamicMap, nestScales, unnestScales } from "../src/double-quantization";
import { quantizeRows } from "../src/int8-rows";
import { SkipModules } from "../src/skip-modules";
import { roundTo } from "../src/stored-dtype";

const types = ["nf4", "fp4"] as const;

describe("4-bit codes", () => {
  it("are those of the library's example", () => {
    const weight = Float32Array.from([0.5, -1, 0.25, 0, ...new Array<number>(60).fill(0.1)]);
    const bytes = (type: "nf4" | "fp4"): string => {
      const { codes, absmax } = quantizeBlocks(weight, 64, nearestIn(codeTables[type]));
      expect([...absmax]).toEqual([1]);
      return Buffer.from(packHalves(codes, 0)).toString("hex", 0, 4);
    };
    expect(bytes("nf4")).toBe("c0a78888");
    expect(bytes("fp4")).toBe("5b706666");
  });

  it("go down between two values that are equally near", () => {
    const nearest = nearestIn(Float32Array.of(0, 1, 2));
    expect([0.5, 0.50001, 1.5, 2].map((value) => nearestCode(nearest, value))).toEqual([0, 1, 1, 2]);
  });

  it("are found by bins as they are by searching", () => {
    for (const type of types) {
      const nearest = nearestIn(codeTables[type]);
      const { low, high, midpoints } = binsOf(nearest);
      const byBin = (value: number): number => (value > midpoints[binOf(value)]! ? high : low)[binOf(value)]!;
      const edges = [...nearest.midpoints].flatMap((m) => [m, Math.fround(m + 1e-7), Math.fround(m - 1e-7)]);
      const even = Array.from({ length: 2001 }, (_, i) => Math.fround(i / 1000 - 1));
      for (const value of [...edges, ...even])
        expect([value, byBin(value)]).toEqual([value, nearestCode(nearest, value)]);
    }
  });

  it("come back in any part, over ends of blocks, with an odd count", () => {
    for (const type of types) {
      const weight = Float32Array.from({ length: 101 }, (_, i) => Math.sin(i) * (1 + (i % 7)));
      const { codes, absmax } = quantizeBlocks(weight, 16, nearestIn(codeTables[type]));
      const packed = packHalves(codes, 0);
      expect(packed.length).toBe(51);
      const part = (first: number, count: number): number[] => [
        ...dequantizeHalves(packed.subarray(first >> 1), absmax, 16, codeTables[type], first, count),
      ];
      const whole = part(0, 101);
      expect(whole[40]).toBe(Math.fround(codeTables[type][codes[40]!]! * absmax[2]!));
      for (const [first, count] of [
        [0, 5],
        [7, 30],
        [33, 68],
      ] as const)
        expect(part(first, count)).toEqual(whole.slice(first, first + count));
    }
  });
});

describe("double quantization", () => {
  it("has the library's dynamic map to the bit", () => {
    expect(createHash("sha256").update(new Uint8Array(dynamicMap().buffer)).digest("hex")).toBe(
      "e732639a65f497b4ad684bb166a4467708255edd5207757de8b8f0c7e1fda89c",
    );
  });

  it("keeps scales within a hundredth of their range", () => {
    const scales = Float32Array.from({ length: 600 }, (_, i) => 2 + Math.sin(i));
    const back = unnestScales(nestScales(scales));
    expect(back.every((scale, i) => Math.abs(scale - scales[i]!) < 0.01)).toBe(true);
  });
});

it("rounds rows to int8 as LLM.int8 does, from float16", () => {
  const { codes, scb } = quantizeRows(Float32Array.of(0.5, -1, 0.25, 0, 0, 0), 2, 3);
  expect([...codes]).toEqual([64, -127, 32, 0, 0, 0]);
  expect([...scb]).toEqual([1, 0]);
});

it("rounds to float16 and bfloat16, half to even", () => {
  expect([1 + 2 ** -11, 1 + 3 * 2 ** -11, 65519, 65520, 1e-8, 2 ** -24, 6.1e-5].map(roundToFloat16)).toEqual([
    1,
    1 + 2 ** -9,
    65504,
    Number.POSITIVE_INFINITY,
    0,
    2 ** -24,
    1023 * 2 ** -24,
  ]);
  expect([...roundTo(Float32Array.of(1 + 2 ** -8, 1 + 3 * 2 ** -8, -3.140625), "bfloat16")]).toEqual([
    1,
    1 + 2 ** -6,
    -3.140625,
  ]);
});

it("skips modules by their own name, by their path, and by a part of it before a dot", () => {
  const skip = new SkipModules(["proj_out", "layers.1", "blocks.0.attn.to_q", "unused"]);
  expect(
    [
      "proj_out",
      "layers.1.attention.to_k",
      "layers.11.attention.to_k",
      "single.proj_out",
      "blocks.0.attn.to_q",
      "blocks.0.attn.to_k",
      "proj_outer",
    ].map((module) => skip.skips(module)),
  ).toEqual([true, true, false, true, true, false, false]);
  expect(skip.unused).toEqual(["unused"]);
});
