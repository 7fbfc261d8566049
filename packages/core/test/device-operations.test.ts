import { existsSync } from "node:fs";
import { Tensor } from "onnxruntime-node";
import { afterAll, describe, expect, it } from "vitest";
import { type DeviceMemory, deviceMemories } from "../src/runtime/device-memory";
import { DeviceStore } from "../src/runtime/device-store";
import { elementwise, type OperationName, reductions } from "../src/runtime/tensor-math";
import { sizeOf } from "../src/tensor";
import { deviceInMainMemory } from "./threads/device-in-main-memory";

/** Where Debian's Chromium has a Vulkan driver that needs no graphics card. */
const swiftShader = "/usr/lib/chromium/vk_swiftshader_icd.json";

interface Case {
  readonly operation: OperationName;
  readonly shape: readonly number[];
  readonly operands: number;
  readonly coefficients?: readonly number[];
  /** Of what comes out, where it is another. */
  readonly made?: readonly number[];
}

/** More than a sum of one kernel takes, and no multiple of it. */
const [odd, wide] = [
  [3, 7, 61],
  [2, 5, 640],
];
const cases: readonly Case[] = [
  { operation: "add", shape: odd, operands: 2 },
  { operation: "subtract", shape: odd, operands: 2 },
  { operation: "multiply", shape: odd, operands: 2 },
  { operation: "combine", shape: odd, operands: 1, coefficients: [-0.5] },
  { operation: "combine", shape: odd, operands: 3, coefficients: [2, -1, 0.1] },
  { operation: "combineItems", shape: odd, operands: 2, coefficients: [2, 1, -1, 0.3, 0, 1] },
  { operation: "clamp", shape: odd, operands: 1, coefficients: [-0.5, 1.5] },
  { operation: "everyNth", shape: odd, operands: 1, coefficients: [4, 61], made: [3, 7, 16] },
  { operation: "copies", shape: odd, operands: 1, coefficients: [1, 0, -2.5], made: [9, 7, 61] },
  { operation: "slice", shape: odd, operands: 1, coefficients: [1, 3, 3, 7 * 61], made: [2, 7, 61] },
  { operation: "slice", shape: odd, operands: 1, coefficients: [2, 6, 7, 61], made: [3, 4, 61] },
  { operation: "rows", shape: [6, 4, 5], operands: 1, coefficients: [6, 2, 3, 4], made: [3, 4, 5] },
  { operation: "rows", shape: [6, 4, 5], operands: 1, coefficients: [3, 2, 0, 2, 2], made: [8, 4, 5] },
  { operation: "slice", shape: [5, 1, 4, 1], operands: 1, coefficients: [1, 3, 4, 1], made: [5, 1, 2, 1] },
  { operation: "norms", shape: wide, operands: 1, coefficients: [640], made: [2, 5] },
  ...[odd, wide, [1]].flatMap((shape): Case[] => [
    { operation: "norm", shape, operands: 1 },
    { operation: "dot", shape, operands: 2 },
    { operation: "meanAbs", shape, operands: 1 },
    { operation: "relativeL1", shape, operands: 2 },
    ...[0.001, 100].map(
      (ratio): Case => ({ operation: "relativeL1Above", shape, operands: 2, coefficients: [ratio, shape.at(-1)!] }),
    ),
  ]),
  ...[0, 0.377, 1].map((share): Case => ({ operation: "quantile", shape: odd, operands: 1, coefficients: [share] })),
  { operation: "quantile", shape: [1], operands: 1, coefficients: [0.5] },
];

/** Between -3 and 3; the second moves a little from the first, the more the further behind. */
function wave(shape: readonly number[], which: number): Float32Array {
  const length = sizeOf(shape);
  return Float32Array.from(
    { length },
    (_, i) => 3 * Math.sin(i * 1.3 + 1) + ((which * i) / length) * 0.1 * Math.cos(i * 1.7),
  );
}

function computing(memory: DeviceMemory, options: object) {
  const store = new DeviceStore(memory, options);
  const compute = async ({ operation, shape, operands, coefficients = [], made = shape }: Case) => {
    const data = Array.from({ length: operands }, (_, which) => wave(shape, which));
    const there: Tensor[] = [];
    for (const each of data) there.push(await store.upload(new Tensor("float32", each, shape)));
    const asked = { shapes: there.map(({ dims }) => dims), coefficients, shape: made };
    const computed = (await store.compute(operation, there, asked))!;
    const { tensor, number, readBytes } = computed;
    for (const each of there) each.dispose();
    if (operation in reductions) {
      const expected = reductions[operation as keyof typeof reductions](data, coefficients);
      return { found: Float64Array.of(number!), expected: Float64Array.of(expected), readBytes };
    }
    expect(tensor!.location).toBe("gpu-buffer"); // where only a run reads it
    const found = (await store.download(tensor!)) as Tensor & { readonly data: Float32Array };
    tensor!.dispose();
    expect(found.dims).toEqual(made);
    return {
      found: found.data,
      expected: elementwise[operation as keyof typeof elementwise](data, coefficients),
      readBytes,
    };
  };
  return { store, compute };
}

/** One in a million of the largest number that goes in or comes out. */
function expectNear(found: ArrayLike<number>, expected: ArrayLike<number>): void {
  const largest = Math.max(3, ...Array.from(expected, Math.abs));
  expect(found.length).toBe(expected.length);
  for (let i = 0; i < found.length; i++) expect(Math.abs(found[i]! - expected[i]!)).toBeLessThan(1e-6 * largest);
}

async function expectNaN(store: DeviceStore): Promise<void> {
  const x = await store.upload(new Tensor("float32", Float32Array.of(1, Number.NaN, 2), [3]));
  for (const [operation, coefficients] of [
    ["meanAbs", []],
    ["quantile", [0.5]],
    ["norm", []],
  ] as const)
    expect((await store.compute(operation, [x], { shapes: [[3]], coefficients, shape: [] }))!.number).toBeNaN();
  x.dispose();
}

function title({ operation, shape, coefficients = [] }: Case): string {
  return `${operation} of [${shape}] by [${coefficients}]`;
}

describe("what small models compute is what the runtime's thread computes", () => {
  const { store, compute } = computing(deviceInMainMemory, {});
  afterAll(() => store.close());

  it.each(cases.map((each) => [title(each), each] as const))("%s", async (_title, each) => {
    const { found, expected, readBytes } = await compute(each);
    expectNear(found, expected);
    expect(readBytes).toBeLessThanOrEqual(each.operation in reductions ? 16 : 0);
  });

  it("covers every operation", () => {
    const names = new Set(cases.map(({ operation }) => operation));
    expect([...names].sort()).toEqual([...Object.keys(elementwise), ...Object.keys(reductions)].sort());
  });

  it("says NaN where there is one", () => expectNaN(store));
});

describe.skipIf(!existsSync(swiftShader))("and so it is on WebGPU, where a software driver is found", () => {
  process.env.VK_ICD_FILENAMES ??= swiftShader;
  const { store, compute } = computing(deviceMemories.get("webgpu")!, { executionProviders: ["webgpu"] });
  afterAll(() => store.close());
  const once = cases.filter((each, i) => cases.findIndex(({ operation }) => operation === each.operation) === i);

  it.each(once.map((each) => [title(each), each] as const))("%s", async (_title, each) => {
    const { found, expected } = await compute(each);
    expectNear(found, expected);
  });

  it("says NaN where there is one", () => expectNaN(store));
});
