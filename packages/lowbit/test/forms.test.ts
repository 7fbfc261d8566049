import { newGraph, runGraph, wave } from "@skipstep/contract/graph";
import { floats, type Graph, size, type Tensor } from "@skipstep/core/model";
import type { Weight, WeightForm } from "@skipstep/core/plugin";
import { describe, expect, it } from "vitest";
import {
  bnb4Form,
  dequantize,
  derived,
  type Int8Options,
  int8Form,
  nBitsForm,
  nBitsSizes,
  packNBits,
  roundToNearest,
  type Scheme,
} from "../src/index";

function graph(): Graph {
  return newGraph({ component: "test" });
}

/** `x W^T + b`, plainly. */
function linear(x: Tensor<Float32Array>, weight: Float32Array, bias: Float32Array): Float32Array {
  const columns = x.shape.at(-1)!;
  const rows = bias.length;
  return Float32Array.from({ length: (x.data.length / columns) * rows }, (_, i) => {
    const [t, row] = [Math.floor(i / rows), i % rows];
    let sum = bias[row]!;
    for (let k = 0; k < columns; k++) sum += x.data[t * columns + k]! * weight[row * columns + k]!;
    return sum;
  });
}

async function run(form: WeightForm, x: Tensor<Float32Array>, bias: Float32Array): Promise<Float32Array> {
  const g = graph();
  const input = g.input("x", [...x.shape.slice(0, -1).map((_, i) => size(`t${i}`)), x.shape.at(-1)!]);
  g.output("y", form.emit(g, input, g.constant([...bias])));
  const { y } = await runGraph(g, { x });
  return y!.data as Float32Array;
}

/** Largest difference, as a share of the largest value. */
function difference(found: Float32Array, expected: Float32Array): number {
  const most = expected.reduce((largest, value) => Math.max(largest, Math.abs(value)), 0);
  return found.reduce((worst, value, i) => Math.max(worst, Math.abs(value - expected[i]!)), 0) / most;
}

const weight: Pick<Weight, "name" | "key"> = { name: "w", key: "k" };

describe("MatMulNBits", () => {
  for (const [bits, block, columns, scheme] of [
    [4, 16, 48, "asymmetric"],
    [4, 32, 80, "symmetric"],
    [4, 64, 100, "full-range"],
    [4, 128, 200, "asymmetric"],
    [4, 256, 130, "asymmetric"],
    [8, 16, 50, "asymmetric"],
    [8, 32, 64, "symmetric"],
    [8, 128, 257, "asymmetric"],
  ] as const satisfies readonly (readonly [number, number, number, Scheme])[])
    it(`takes ${bits} bits, ${scheme}, in blocks of ${block} of ${columns} columns`, async () => {
      const rows = 21;
      const rounded = roundToNearest(wave([rows, columns], 0.3).data, rows, columns, { bits, scheme, per: block });
      const layout = { bits, rows, columns, block } as const;
      const { codes, scales, zeroPoints } = nBitsSizes(layout);
      const parts = derived(weight, "test", { codes, scales, zeroPoints }, () => packNBits(rounded, block));
      const stored = {
        ...layout,
        codes: parts.codes,
        scales: parts.scales,
        ...(scheme === "asymmetric" ? { zeroPoints: parts.zeroPoints } : {}),
      };
      const form = nBitsForm("test", stored);
      const x = wave([2, 5, columns], 0.7);
      const bias = wave([rows], 0.9).data;
      const expected = linear(x, dequantize(rounded), bias);
      expect(difference(await run(form, x, bias), expected)).toBeLessThan(0.02);
      const exact = nBitsForm("test", stored, "float32");
      expect(difference(await run(exact, x, bias), expected)).toBeLessThan(1e-5);
      expect(form.byteLength).toBe(codes + scales + (scheme === "asymmetric" ? zeroPoints : 0));
    });

  it("repeats a row's scale, and adds minima", async () => {
    const [rows, columns, block] = [7, 70, 32];
    const rounded = roundToNearest(wave([rows, columns], 0.3).data, rows, columns, {
      bits: 8,
      scheme: "symmetric",
      per: "row",
    });
    const layout = { bits: 8, rows, columns, block } as const;
    const { codes, scales, minima } = nBitsSizes(layout);
    const lowest = wave([rows * 3], 0.4).data;
    const parts = derived(weight, "minima", { codes, scales, minima }, () => ({
      ...packNBits(rounded, block),
      minima: lowest,
    }));
    const x = wave([3, columns], 0.7);
    const bias = wave([rows], 0.9).data;
    const whole = dequantize(rounded).map((value, i) => {
      const [row, column] = [Math.floor(i / columns), i % columns];
      return value + lowest[row * 3 + Math.floor(column / block)]!;
    });
    expect(
      difference(await run(nBitsForm("x", { ...layout, ...parts }), x, bias), linear(x, whole, bias)),
    ).toBeLessThan(0.02);
  });
});

describe("MatMulBnb4", () => {
  for (const [rows, columns, block] of [
    [6, 128, 64],
    [6, 100, 64],
    [5, 101, 32],
    [3, 20, 256],
  ] as const)
    it(`takes [${rows}, ${columns}] in blocks of ${block}, whatever rows they begin in`, async () => {
      const codes = Uint8Array.from({ length: Math.ceil((rows * columns) / 2) }, (_, i) => (i * 37 + 11) & 255);
      const absmax = wave([Math.ceil((rows * columns) / block)], 0.3).data;
      const parts = derived(weight, "bnb4", { codes: codes.byteLength, absmax: absmax.byteLength }, () => ({
        codes,
        absmax,
      }));
      const table = [0, 1 / 192, 8, 12, 4, 6, 2, 3].map((value, i) => (i > 1 ? value / 12 : value));
      const values = Float32Array.from({ length: rows * columns }, (_, i) => {
        const code = i % 2 === 0 ? codes[i >> 1]! >> 4 : codes[i >> 1]! & 15;
        return (code > 7 ? -1 : 1) * table[code & 7]! * absmax[Math.floor(i / block)]!;
      });
      const x = wave([9, columns], 0.7);
      const bias = wave([rows], 0.9).data;
      const form = bnb4Form("fp4", { type: "fp4", rows, columns, block, ...parts });
      expect(difference(await run(form, x, bias), linear(x, values, bias))).toBeLessThan(1e-5);
    });
});

describe("int8", () => {
  const [rows, columns] = [19, 70];
  const values = wave([rows, columns], 0.3).data;
  const rounded = roundToNearest(values, rows, columns, { bits: 8, scheme: "symmetric", per: "row" });
  const bias = wave([rows], 0.9).data;
  const form = (options: Int8Options): WeightForm => {
    const codes = Int8Array.from({ length: rows * columns }, (_, i) => {
      const [column, row] = [Math.floor(i / rows), i % rows];
      return rounded.codes[row * columns + column]!;
    });
    const parts = derived(weight, "int8", { codes: codes.byteLength, scales: 4 * rows }, () => ({
      codes,
      scales: rounded.scales,
    }));
    return int8Form("int8", { rows, columns, ...parts }, options);
  };

  /** Activations rounded to -127..127, a scale a row. */
  function roundedRows(x: Tensor<Float32Array>): Tensor<Float32Array> {
    const { codes, scales } = roundToNearest(x.data, x.data.length / columns, columns, {
      bits: 8,
      scheme: "symmetric",
      per: "row",
    });
    return floats(
      x.shape,
      Float32Array.from(codes, (code, i) => code * scales[Math.floor(i / columns)]!),
    );
  }

  it("rounds activations a row at a time", async () => {
    const x = wave([2, 4, columns], 0.7);
    for (let i = 0; i < columns; i++) x.data[i]! *= 50; // a row of another size
    for (let i = columns; i < 2 * columns; i++) x.data[i] = 0;
    const expected = linear(roundedRows(x), dequantize(rounded), bias);
    expect(difference(await run(form({ threshold: 0 }), x, bias), expected)).toBeLessThan(1e-5);
  });

  it("rounds all activations by the largest of them, the outliers apart", async () => {
    const x = wave([2, 4, columns], 0.7);
    const { codes, scales } = roundToNearest(x.data, 8, columns, { bits: 8, scheme: "symmetric", per: "tensor" });
    const alike = floats(
      x.shape,
      Float32Array.from(codes, (code) => code * scales[0]!),
    );
    const expected = linear(alike, dequantize(rounded), bias);
    expect(difference(await run(form({ threshold: 0, scale: "tensor" }), x, bias), expected)).toBeLessThan(1e-5);

    x.data[2 * columns + 3] = 60;
    const errorOf = async (options: Int8Options): Promise<number> =>
      difference(await run(form(options), x, bias), linear(x, dequantize(rounded), bias));
    const [apart, together] = [
      await errorOf({ threshold: 6, scale: "tensor" }),
      await errorOf({ threshold: 0, scale: "tensor" }),
    ];
    expect(apart).toBeLessThan(2e-2);
    expect(together).toBeGreaterThan(2 * apart);
  });

  it("multiplies columns with outliers in float32, and the rest without them", async () => {
    const x = wave([6, columns], 0.7);
    x.data[2 * columns + 3] = 60;
    x.data[4 * columns + 65] = -6;
    const [inner, outer] = [floats([6, columns]), floats([6, columns])];
    for (let i = 0; i < x.data.length; i++) ([3, 65].includes(i % columns) ? outer : inner).data[i] = x.data[i]!;
    const zero = new Float32Array(rows);
    const [a, b] = [linear(roundedRows(inner), dequantize(rounded), bias), linear(outer, dequantize(rounded), zero)];
    const found = await run(form({ threshold: 6 }), x, bias);
    expect(
      difference(
        found,
        a.map((value, i) => value + b[i]!),
      ),
    ).toBeLessThan(1e-5);
    // Without an outlier there is nothing but the rest.
    const plain = wave([6, columns], 0.7);
    expect(
      difference(await run(form({ threshold: 6 }), plain, bias), linear(roundedRows(plain), dequantize(rounded), bias)),
    ).toBeLessThan(1e-5);
  });

  it("rounds an activation once for all linears of a block, and again in another block", () => {
    const g = graph();
    const x = g.input("x", [size("t"), columns]);
    const emit = (path: string): void => {
      g.output(path, form({ threshold: 6 }).emit(g.scope(path), x, undefined));
    };
    const count = (): number => g.nodes.filter(({ op }) => op === "QuantizeLinear").length;
    for (const path of ["blocks.0.attn.to_q", "blocks.0.attn.to_k", "blocks.0.ff"]) emit(path);
    expect(count()).toBe(1);
    emit("blocks.1.attn.to_q");
    expect(count()).toBe(2);
  });
});

it("makes the parts of a weight once, and keeps none of them", () => {
  let made = 0;
  const parts = derived(weight, "m", { a: 1, b: 2 }, () => {
    made++;
    return { a: Uint8Array.of(7), b: Uint8Array.of(8, 9) };
  });
  expect([parts.a.key, parts.b.key]).toEqual(["m:a:k", "m:b:k"]);
  expect([[...parts.a.bytes()], [...parts.b.bytes()], made]).toEqual([[7], [8, 9], 1]);
  expect([...parts.a.bytes(), made]).toEqual([7, 2]);
});
