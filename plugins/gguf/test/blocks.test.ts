import { describe, expect, it } from "vitest";
import { blockTypeNamed, blockTypes } from "../src/block-types";
import { dequantize, quantize } from "../src/blocks/block-type";
import { plainTypes } from "../src/plain-types";

/** Where a block has its float16 fields: d, and a minimum's scale. */
const halves: Readonly<Record<string, readonly number[]>> = {
  Q4_0: [0],
  Q4_1: [0, 2],
  Q5_0: [0],
  Q5_1: [0, 2],
  Q8_0: [0],
  Q2_K: [80, 82],
  Q3_K: [108],
  Q4_K: [0, 2],
  Q5_K: [0, 2],
  Q6_K: [208],
  IQ4_NL: [0],
  IQ4_XS: [0],
  IQ2_XXS: [0],
  IQ2_XS: [0],
  IQ2_S: [0],
  IQ3_XXS: [0],
  IQ3_S: [0],
  IQ1_S: [0],
  TQ1_0: [52],
  TQ2_0: [64],
};

/** Bytes that count up by 37, with scales of 1 and 1/2: from the reference decoder. */
function counted(name: string): Uint8Array {
  const block = Uint8Array.from({ length: blockTypeNamed(name)!.byteLength }, (_, i) => 37 * i + 11);
  for (const [i, at] of (halves[name] ?? []).entries()) block.set([0, i === 0 ? 0x3c : 0x38], at);
  if (name === "MXFP4") block[0] = 127;
  if (name === "NVFP4") block.set([0x38, 0x40, 0x30, 0x01]);
  if (name === "IQ1_M")
    for (const [i, top] of [0, 0, 12, 3].entries()) block[49 + 2 * i] = (block[49 + 2 * i]! & 15) | (top << 4);
  return block;
}

describe("a block of counted bytes", () => {
  it.each([
    ["Q4_0", [-3, 2, 7, -4], [-3, 0], -21, -518],
    ["Q4_1", [15.5, 4.5, 9.5, 14.5], [10.5, 12.5], 261, 4247],
    ["Q5_0", [9, -2, 3, -8], [14, 1], 15, 112],
    ["Q5_1", [19.5, 24.5, 29.5, 18.5], [3.5, 5.5], 521, 8165],
    ["Q8_0", [85, 122, -97, -60], [-85, -48], -176, -8080],
    ["Q2_K", [33, 0, 11, 22], [4.5, 4.5], 2059, 243130],
    ["Q3_K", [81, -108, 27, -54], [-28, 42], 958, 177145],
    ["Q4_K", [315.5, -25.5, 129.5, 284.5], [36.5, 48.5], 54440, 7572840],
    ["Q5_K", [811.5, -25.5, 625.5, 284.5], [96.5, 108.5], 116216, 16027448],
    ["Q6_K", [-1431, 1696, 583, -530], [-40, -60], 4612, 784420],
    ["IQ4_NL", [-35, 25, 113, -49], [-35, 1], -257, -6919],
    ["IQ4_XS", [65, -1, -69, 83], [352, -16], -11005, -2091134],
    ["IQ2_XXS", [-59.125, 59.125, 34.375, -34.375], [15, -80.625], 763.75, 36793],
    ["IQ2_XS", [-11, 34.375, -11, -59.125], [19, -19], 1490.5, 123198.125],
    ["IQ2_S", [-145.125, 84.375, -27, 27], [-78.125, 78.125], -800.625, -62080.625],
    ["IQ3_XXS", [-13, 9, -7, 3], [9, -15], -684, 3023],
    ["IQ3_S", [-81, 243, -351, -189], [125, 225], 1456, 202790],
    ["IQ1_S", [-2.625, 0.375, 3.375, 3.375], [0.625, -4.375], 20, -11829],
    ["IQ1_M", [-0.875, 6.125, -0.875, -0.875], [13.125, -1.875], 41, -2236],
    ["TQ1_0", [-1, -1, -1, 0], [-1, -1], -2, -131],
    ["TQ2_0", [2, -1, 0, 1], [-1, -1], 129, 17245],
    ["MXFP4", [0, 3, -1, -6], [1.5, 3], 12.5, 319],
    ["NVFP4", [-6, 2, -0.5, -4], [-0.01171875, 0.0009765625], -4.4892578125, -176.3291015625],
  ])("of %s is what the reference reads", (name, first, last, sum, weighted) => {
    const values = [...dequantize(blockTypeNamed(name)!, counted(name))];
    expect(values.slice(0, 4)).toEqual(first);
    expect(values.slice(-2)).toEqual(last);
    expect(values.reduce((a, b) => a + b, 0)).toBe(sum);
    expect(values.reduce((total, x, i) => total + x * (i + 1), 0)).toBe(weighted);
  });

  it("of Q8_K and Q1_0 is what their bits say", () => {
    const q8 = new Uint8Array(292).fill(255);
    q8.set(new Uint8Array(Float32Array.of(0.5).buffer));
    expect(new Set(dequantize(blockTypeNamed("Q8_K")!, q8))).toEqual(new Set([-0.5]));
    const q1 = Uint8Array.from({ length: 18 }, (_, i) => (i === 1 ? 0x3c : i === 2 ? 5 : 0));
    expect([...dequantize(blockTypeNamed("Q1_0")!, q1)].slice(0, 4)).toEqual([1, -1, 1, -1]);
  });
});

describe("rounding", () => {
  const saw = Float32Array.from({ length: 32 }, (_, i) => (((5 * i) % 32) - 13.5) / 8);
  it.each([
    ["Q4_0", "60b47e5c2a07c5a3805d3b18d6b4916e4b29"],
    ["Q4_1", "2234c0be80a2d5f72a4c7f91c4e6193b6e80b3d5"],
    ["Q5_0", "60b087e3701cec98530f9a4501ba6520bc6713db8742"],
    ["Q5_1", "0030c0be701c8fe30055aaff4499ee3388dd2277cc1166bb"],
    ["Q8_0", "69249ec2e70b2f5378b4d8fc214569a5caee12365b7fbbdf04284c70add1f5193e62"],
    ["MXFP4", "7e1d4c5a61c3a5063d5b60d2b4962d4c59"],
  ])("to %s gives the reference's bytes", (name, hex) => {
    expect(Buffer.from(quantize(blockTypeNamed(name)!, saw)).toString("hex")).toBe(hex);
  });

  const wave = Float32Array.from(
    { length: 256 },
    (_, i) => Math.sin(0.7 * i) * (1 + (i % 32) / 16) + 0.25 * Math.cos(2.3 * i),
  );
  it.each([
    ["Q4_K", 0.0901],
    ["Q5_K", 0.0464],
    ["Q6_K", 0.02],
  ])("to %s has the reference's error within 3 %%", (name, expected) => {
    const error = rootMeanSquare(wave, dequantize(blockTypeNamed(name)!, quantize(blockTypeNamed(name)!, wave)));
    expect(error / expected).toBeGreaterThan(0.97);
    expect(error / expected).toBeLessThan(1.03);
  });

  it.each([
    ["Q4_K", 0.15],
    ["Q5_K", 0.08],
  ])("to %s takes no minimum above zero", (name, most) => {
    const values = Float32Array.from({ length: 256 }, (_, i) => 5.5 + 0.5 * Math.sin(i));
    const error = rootMeanSquare(values, dequantize(blockTypeNamed(name)!, quantize(blockTypeNamed(name)!, values)));
    expect(error).toBeLessThan(most);
  });

  const written = blockTypes.filter(({ pack }) => pack);
  it.each(written.map((type) => [type.name, type] as const))(
    "to %s keeps zeros and what is large or small",
    (_, type) => {
      const size = 2 * type.size;
      expect([...dequantize(type, quantize(type, new Float32Array(size)))].every((x) => x === 0)).toBe(true);
      for (const scale of [1e-3, 1, 1e3]) {
        const values = Float32Array.from({ length: size }, (_, i) => scale * Math.sin(1.3 * i + 0.4));
        const error = rootMeanSquare(values, dequantize(type, quantize(type, values)));
        expect(error / scale).toBeLessThan(type.name.startsWith("TQ") ? 0.4 : 0.3);
      }
    },
  );

  it.each(["Q2_K", "Q3_K", "Q4_K", "Q5_K", "Q6_K", "IQ4_NL", "IQ4_XS"])(
    "to %s with importance loses less of what is important",
    (name) => {
      const type = blockTypeNamed(name)!;
      const values = Float32Array.from({ length: 4 * 512 }, (_, i) => Math.sin(i * i * 0.37) + 0.3 * Math.cos(i * 1.7));
      const importance = Float32Array.from({ length: 512 }, (_, i) => (i % 7 === 0 ? 50 : 0.5 + Math.sin(i) ** 2));
      const lost = (blocks: Uint8Array): number =>
        dequantize(type, blocks).reduce((sum, x, i) => sum + importance[i % 512]! * (x - values[i]!) ** 2, 0);
      const [plain, weighted] = [lost(quantize(type, values)), lost(quantize(type, values, importance))];
      expect(weighted).toBeLessThan(0.97 * plain);
    },
  );

  it("to BF16 and F16 goes to even, and keeps what is no number", () => {
    const values = Float32Array.of(
      1 + 2 ** -8,
      1 + 3 * 2 ** -8,
      Number.NaN,
      -0,
      65520,
      2 ** -25,
      3 * 2 ** -25,
      1 + 2 ** -11,
    );
    const bf16 = new Uint16Array(plainTypes.find(({ name }) => name === "BF16")!.write!(values).buffer);
    expect([...bf16].slice(0, 4)).toEqual([0x3f80, 0x3f82, 0x7fc0, 0x8000]);
    const f16 = new Uint16Array(plainTypes.find(({ name }) => name === "F16")!.write!(values).buffer);
    expect([...f16].slice(2)).toEqual([0x7e00, 0x8000, 0x7c00, 0, 2, 0x3c00]);
  });
});

function rootMeanSquare(a: Float32Array, b: Float32Array): number {
  return Math.sqrt(a.reduce((sum, x, i) => sum + (x - b[i]!) ** 2, 0) / a.length);
}
