import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { DeviceTensor } from "../src/runtime/device-tensor";
import {
  add,
  clamp,
  combine,
  combineItems,
  dot,
  everyNth,
  meanAbs,
  multiply,
  norm,
  norms,
  quantile,
  relativeL1,
  scale,
  slice,
  subtract,
} from "../src/runtime/math";
import { Runtime } from "../src/runtime/runtime";
import { floats, integers } from "../src/tensor";

const size = 6000;
const a = Float32Array.from({ length: size }, (_, i) => Math.sin(i) * 3);
const b = Float32Array.from({ length: size }, (_, i) => Math.cos(i * 1.7) - 0.2);
const c = Float32Array.from({ length: size }, (_, i) => i / size);

let runtime: Runtime;
let x: DeviceTensor;
let y: DeviceTensor;
let z: DeviceTensor;
beforeAll(async () => {
  runtime = await Runtime.start({ provider: "cpu" });
  [x, y, z] = [a, b, c].map((data) => runtime.upload(floats([2, 3000], data))) as [
    DeviceTensor,
    DeviceTensor,
    DeviceTensor,
  ];
});
afterAll(() => runtime.close());

describe("tensor math", () => {
  // Exact: one rounding to float32 on both sides.
  it.each<[string, () => Promise<DeviceTensor>, (i: number) => number]>([
    ["add", () => add(x, y), (i) => a[i]! + b[i]!],
    ["subtract", () => subtract(x, y), (i) => a[i]! - b[i]!],
    ["multiply", () => multiply(x, y), (i) => a[i]! * b[i]!],
    ["scale", () => scale(x, -0.5), (i) => -0.5 * a[i]!],
    ["combine", () => combine([2, -1, 0.1], [x, y, z]), (i) => 2 * a[i]! - b[i]! + 0.1 * c[i]!],
    ["combine of two", () => combine([2, -0.3], [x, y]), (i) => 2 * a[i]! - 0.3 * b[i]!],
    [
      "combine of four",
      () => combine([2, -1, 0.1, 7], [x, y, z, y]),
      (i) => 2 * a[i]! - b[i]! + 0.1 * c[i]! + 7 * b[i]!,
    ],
    [
      "combine of five",
      () => combine([2, -1, 0.1, 7, -3], [x, y, z, y, x]),
      (i) => 2 * a[i]! - b[i]! + 0.1 * c[i]! + 7 * b[i]! - 3 * a[i]!,
    ],
    [
      "combineItems",
      () =>
        combineItems(
          [2, -0.3].map((factor) => [factor, 1, factor]),
          [x, y, z],
        ),
      (i) => (i < 3000 ? 2 : -0.3) * a[i]! + b[i]! + (i < 3000 ? 2 : -0.3) * c[i]!,
    ],
  ])("%s", async (_name, compute, expected) => {
    const result = await compute();
    expect(result).toMatchObject({ dtype: "float32", shape: [2, 3000] });
    expect((await result.read()).data).toEqual(Float32Array.from(a, (_, i) => expected(i)));
  });

  it("clamp brings into a range, and leaves NaN", async () => {
    const given = runtime.upload(floats([4], Float32Array.of(-2, 0.5, 3, Number.NaN)));
    const found = await clamp(given, -1, 1);
    expect((await found.read()).data).toEqual(Float32Array.of(-1, 0.5, 1, Number.NaN));
  });

  it("slice takes rows of an axis", async () => {
    const given = runtime.upload(
      floats(
        [2, 3, 2],
        Float32Array.from({ length: 12 }, (_, i) => i),
      ),
    );
    for (const [axis, from, to, shape, data] of [
      [0, 1, 2, [1, 3, 2], [6, 7, 8, 9, 10, 11]],
      [1, 1, 3, [2, 2, 2], [2, 3, 4, 5, 8, 9, 10, 11]],
      [-1, 0, 1, [2, 3, 1], [0, 2, 4, 6, 8, 10]],
      [2, 1, 1, [2, 3, 0], []],
    ] as const)
      expect(await (await slice(given, axis, from, to)).read()).toMatchObject({ shape, data: Float32Array.from(data) });
    for (const [axis, from, to] of [
      [3, 0, 1],
      [-4, 0, 1],
      [1, 2, 4],
      [1, 2, 1],
      [1, -1, 2],
      [1, 0.5, 2],
    ] as const)
      await expect(slice(given, axis, from, to)).rejects.toMatchObject({ code: "SKIPSTEP_TENSOR_MISMATCH" });
  });

  it("norms, norm and dot go by rows, and by all elements", async () => {
    const [one, other] = [Float32Array.of(3, 4, 0, -5), Float32Array.of(1, 2, 9, 1)].map((data) =>
      runtime.upload(floats([1, 2, 2], data)),
    ) as [DeviceTensor, DeviceTensor];
    expect(await (await norms(one)).read()).toMatchObject({ shape: [1, 2], data: Float32Array.of(5, 5) });
    expect(await norm(one)).toBeCloseTo(Math.sqrt(50), 12);
    expect(await dot(one, other)).toBe(3 + 8 - 5);
    await expect(dot(one, x)).rejects.toMatchObject({ code: "SKIPSTEP_TENSOR_MISMATCH" });
  });

  it("quantile lies between two elements, as torch's", async () => {
    const given = runtime.upload(floats([2, 2], Float32Array.of(7, -1, 3, 0)));
    for (const [share, value] of [
      [0, -1],
      [0.5, 1.5],
      [0.25, -0.25],
      [0.9, 5.8],
      [1, 7],
    ] as const)
      expect(await quantile(given, share)).toBeCloseTo(value, 6);
    expect(await quantile(runtime.upload(floats([2], Float32Array.of(1, Number.NaN))), 0)).toBeNaN();
    expect(await quantile(runtime.upload(floats([0])), 0.5)).toBeNaN();
  });

  it("meanAbs", async () => {
    expect(await meanAbs(x)).toBeCloseTo(a.reduce((sum, value) => sum + Math.abs(value), 0) / size, 12);
  });

  it("relativeL1 divides by the previous one", async () => {
    const change = a.reduce((sum, value, i) => sum + Math.abs(value - b[i]!), 0);
    expect(await relativeL1(x, y)).toBeCloseTo(change / a.reduce((sum, value) => sum + Math.abs(value), 0), 12);
    expect(await relativeL1(x, x)).toBe(0);
    const ones = runtime.upload(floats([2], Float32Array.of(1, 1)));
    const threes = runtime.upload(floats([2], Float32Array.of(3, 3)));
    expect(await relativeL1(ones, threes)).toBe(2);
    expect(await relativeL1(runtime.upload(floats([2])), ones)).toBe(Number.POSITIVE_INFINITY);
  });

  it("relativeL1 above a ratio takes the tokens that moved more, or all where none did", async () => {
    const before = runtime.upload(floats([1, 3, 2], Float32Array.of(1, 1, 2, 2, 0, 0)));
    const moved = runtime.upload(floats([1, 3, 2], Float32Array.of(1, 2, 2, 2.4, 0, 0))); // by 1/2, 1/10, 0/0
    expect(await relativeL1(before, moved, 0.3)).toBeCloseTo(1 / 2, 6);
    expect(await relativeL1(before, moved, 0.05)).toBeCloseTo(1.4 / 6, 6);
    expect(await relativeL1(before, moved, 0.5)).toBeCloseTo(1.4 / 6, 6);
  });

  it("everyNth takes channels", async () => {
    const rows = runtime.upload(floats([2, 1, 5], Float32Array.of(0, 1, 2, 3, 4, 5, 6, 7, 8, 9)));
    const third = await everyNth(rows, 3);
    expect(third.shape).toEqual([2, 1, 2]);
    expect(await third.read()).toMatchObject({ shape: [2, 1, 2], data: Float32Array.of(0, 3, 5, 8) });
    expect((await (await everyNth(rows, 7)).read()).data).toEqual(Float32Array.of(0, 5));
  });

  it("drops its result with the pass", async () => {
    const sum = await runtime.pass(() => add(x, y));
    await expect(sum.read()).rejects.toMatchObject({ code: "SKIPSTEP_TENSOR_EXPIRED" });
  });

  it("works across engines", async () => {
    const other = await Runtime.start({ provider: "cpu" });
    const sum = await add(x, other.upload(floats([2, 3000], b)));
    expect((await sum.read()).data[7]).toBe(Math.fround(a[7]! + b[7]!));
    await other.close();
    expect((await sum.read()).data[7]).toBe(Math.fround(a[7]! + b[7]!));
  });

  it.each<[string, () => Promise<unknown>, string]>([
    [
      "shapes",
      () => add(x, runtime.upload(floats([3000, 2]))),
      "add needs float32 tensors of one shape, found float32 [2, 3000], float32 [3000, 2].",
    ],
    [
      "types",
      () => meanAbs(runtime.upload(integers([1], [1]))),
      "meanAbs needs float32 tensors of one shape, found int64 [1].",
    ],
    [
      "counts",
      () => combine([1, 2], [x]),
      "combine needs a tensor for each of its 2 coefficients, found float32 [2, 3000].",
    ],
    ["nothing", () => combine([], []), "combine needs float32 tensors of one shape, found none."],
  ])("refuses a mismatch of %s", async (_what, compute, message) => {
    await expect(compute()).rejects.toMatchObject({ code: "SKIPSTEP_TENSOR_MISMATCH", message });
  });

  it("refuses tensors that no runtime made", async () => {
    const { dtype, shape, byteLength } = x;
    const copy = { dtype, shape, byteLength } as DeviceTensor;
    await expect(subtract(x, copy)).rejects.toMatchObject({ code: "SKIPSTEP_TENSOR_FOREIGN" });
  });
});
