import { memoryWeights, newGraph, runGraph, wave } from "@skipstep/contract/graph";
import type { ConvOptions, Weight } from "@skipstep/core/model";
import { conv2d, type Dim, floats, type Graph, groupNorm, size, type Tensor, times } from "@skipstep/core/model";
import type { Node, Value } from "@skipstep/core/plugin";
import { describe, expect, it } from "vitest";
import { putChannelsLast } from "../src/channels-last-graph";
import { filterCodes } from "../src/filter-codes";
import { ChannelsLast, type ChannelsLastOptions } from "../src/index";

const CHANNELS = 17;
const FILTERS = 19;

/** One convolution of a picture, with its channels last where `plugin` says so. */
function network(kernel: number, options: ConvOptions, plugin?: ChannelsLast, weight = wholeNumbers(kernel)): Graph {
  const weights = memoryWeights({ "conv.weight": weight, "conv.bias": wave([FILTERS], 3) });
  const weightLoad = (asked: Weight) => plugin?.weightLoad(asked);
  const g = newGraph({ component: "unet", weights, hooks: { weightLoad } });
  const x = g.input("x", [size("B"), CHANNELS, size("h"), size("w")] as Dim[]);
  g.output("y", conv2d(g, "conv", x, FILTERS, kernel, options));
  plugin?.graphBuilt(g);
  return g;
}

/** Codes that round to themselves: the largest of each filter is 127. */
function wholeNumbers(kernel: number): Tensor<Float32Array> {
  const weight = floats([FILTERS, CHANNELS, kernel, kernel]);
  for (let i = 0; i < weight.data.length; i++) weight.data[i] = (i * 37) % 128;
  const filter = weight.data.length / FILTERS;
  for (let n = 0; n < FILTERS; n++) weight.data[n * filter] = n % 2 === 0 ? 127 : -127;
  return weight;
}

/** Codes, too: 0 to 255 in steps of 1, at an odd height and width. */
function picture(): Tensor<Float32Array> {
  const x = floats([2, CHANNELS, 9, 7]);
  for (let i = 0; i < x.data.length; i++) x.data[i] = (i * 101) % 256;
  return x;
}

const byName: ChannelsLastOptions = { int8: "dynamic", skip_ends: true, skip_modules: [] };
const dynamic = new ChannelsLast({ int8: "dynamic", skip_ends: false, skip_modules: [] });

describe("convolutions in int8", () => {
  it.each<[kernel: number, options: ConvOptions]>([
    [3, { padding: 1 }],
    [3, { padding: 1, stride: 2 }],
    [3, { padding: [0, 0, 1, 1], stride: 2 }],
    [3, { padding: [2, 0, 1, 3] }],
    [1, {}],
    [1, { stride: 2 }],
    [2, { stride: 2 }],
    [5, { padding: 2, stride: 3 }],
  ])("are exact where nothing is rounded: a kernel of %i, %j", async (kernel, options) => {
    const x = picture();
    const { y: expected } = await runGraph(network(kernel, options), { x });
    const { y } = await runGraph(network(kernel, options, dynamic), { x });
    expect(y!.shape).toEqual(expected!.shape);
    const largest = Math.max(...(expected!.data as Float32Array).map(Math.abs));
    expect(
      (y!.data as Float32Array).every((value, i) => Math.abs(value - Number(expected!.data[i])) < 1e-5 * largest),
    ).toBe(true);
  });

  it("round each filter by its own largest weight, and leave filters of zeros", () => {
    const values = Float32Array.of(0.5, -1, 0.25, 2, 0, 0, 0, 0, -3, 3, 1, 0.01); // [3, 2, 1, 2]
    const weight = { key: "w", name: "w", shape: [3, 2, 1, 2], read: () => values } as unknown as Weight;
    const { codes, scales } = filterCodes(weight);
    const bytes = new Int8Array(codes.bytes().buffer);
    expect([...new Float32Array(scales.bytes().buffer)].map((x) => Math.round(x * 127 * 1e4) / 1e4)).toEqual([2, 0, 3]);
    // [1 x 2 places, 2 channels, 3 filters]
    expect([...bytes]).toEqual([32, 0, -127, 16, 0, 42, -64, 0, 127, 127, 0, 0]);
    expect([codes.byteLength, scales.byteLength]).toEqual([12, 12]);
    expect(codes.key).not.toBe(scales.key);
  });

  it("are left to float32 by name and where a side has few channels", () => {
    const asked = (name: string, shape: readonly number[], more: Partial<ChannelsLastOptions> = {}, role = "conv") =>
      new ChannelsLast({ ...byName, ...more }).weightLoad({ name, shape, role, key: name } as unknown as Weight);
    const wide = [32, 16, 3, 3];
    expect(asked("decoder.conv_out.weight", wide)).toBeUndefined();
    expect(asked("conv_in.weight", wide)).toBeUndefined();
    expect(asked("up.my_conv_out.weight", wide)?.form).toBe("int8");
    expect(asked("conv_out.weight", wide, { skip_ends: false })?.byteLength).toBe(32 * 16 * 9 + 4 * 32);
    expect(asked("up.1.conv.weight", wide, { skip_modules: ["up.1"] })).toBeUndefined();
    expect(asked("up.1.conv.weight", wide, { skip_modules: ["conv"] })).toBeUndefined();
    expect(asked("up.10.conv.weight", wide, { skip_modules: ["up.1"] })?.form).toBe("int8");
    expect(asked("a.weight", [32, 15, 3, 3])).toBeUndefined();
    expect(asked("a.weight", [15, 32, 3, 3])).toBeUndefined();
    expect(asked("a.weight", [32, 32], {}, "linear")).toBeUndefined();
    expect(
      new ChannelsLast({ int8: "off", skip_ends: true, skip_modules: [] }).weightLoad({ role: "conv" } as Weight),
    ).toBeUndefined();
  });
});

describe("what stands around a convolution in int8", () => {
  const build = (emit: (g: Graph, x: Value) => Value, plugin?: ChannelsLast): Graph => {
    const norm = { "norm.weight": wave([CHANNELS * 2], 5), "norm.bias": wave([CHANNELS * 2], 6) };
    const wide = wave([CHANNELS * 2, CHANNELS * 2, 3, 3], 1);
    const weights = memoryWeights({
      ...norm,
      "conv.weight": wholeNumbers(3),
      "again.weight": wave([FILTERS, FILTERS, 3, 3], 2),
      "wide.weight": wide,
    });
    const g = newGraph({ component: "vae", weights, hooks: { weightLoad: (asked) => plugin?.weightLoad(asked) } });
    const channels = emit === normed ? CHANNELS * 2 : CHANNELS;
    // Twice the size of some latents: what is worked on in bands.
    g.output("y", emit(g, g.input("x", [size("B"), channels, times(size("h"), 2), times(size("w"), 2)])));
    plugin?.graphBuilt(g);
    return g;
  };
  const padded = { padding: 1, bias: false } as const;
  const conv = (g: Graph, x: Value): Value => conv2d(g, "conv", x, FILTERS, 3, padded);
  const enlarged = (g: Graph, x: Value): Value => conv2d(g, "again", g.upsample(conv(g, x), 2), FILTERS, 3, padded);
  const normed = (g: Graph, x: Value): Value => {
    const y = g.silu(groupNorm(g, "norm", conv2d(g, "wide", x, CHANNELS * 2, 3, padded), 2, 1e-5));
    return g.add(x, conv2d(g, "wide", y, CHANNELS * 2, 3, padded));
  };
  const codes = (shape: readonly number[]): Tensor<Float32Array> => {
    const x = floats(shape);
    for (let i = 0; i < x.data.length; i++) x.data[i] = (i * 101) % 256;
    return x;
  };
  const opsOf = (nodes: readonly Node[]): string[] =>
    nodes.flatMap(({ op, body }) => [op, ...(body ? opsOf(body.nodes).map((inner) => `${op}:${inner}`) : [])]);
  const errorOf = async (emit: (g: Graph, x: Value) => Value, x: Tensor): Promise<[number, readonly string[]]> => {
    const [plain, int8] = [build(emit), build(emit, dynamic)];
    const [{ y: expected }, { y }] = await Promise.all([runGraph(plain, { x }), runGraph(int8, { x })]);
    expect(y!.shape).toEqual(expected!.shape);
    let [largest, difference] = [0, 0];
    for (const [i, value] of (expected!.data as Float32Array).entries()) {
      largest = Math.max(largest, Math.abs(value));
      difference = Math.max(difference, Math.abs(value - Number(y!.data[i])));
    }
    return [difference / largest, opsOf(int8.nodes)];
  };

  it("is exact in several bands, the last rows of one beside the first of the next", async () => {
    // 2 bands of 64 rows
    const [error] = await errorOf(conv, codes([1, CHANNELS, 128, 130]));
    expect(error).toBeLessThan(1e-5);
  });

  it("reads a picture of half the height and width in place of one that is enlarged", async () => {
    const [error, ops] = await errorOf(enlarged, codes([2, CHANNELS, 10, 6]));
    expect(ops).not.toContain("Resize");
    expect(ops.filter((op) => op === "Gather")).toEqual([]); // but in the bands
    expect(error).toBeLessThan(0.03);
  });

  it("normalizes in 8 bits, and adds what is added within a band", async () => {
    const [error, ops] = await errorOf(normed, wave([2, CHANNELS * 2, 12, 10], 3));
    expect(ops.filter((op) => op === "DynamicQuantizeLinear")).toHaveLength(1); // of the input
    expect(ops).toContain("Scan:QuantizeLinear");
    expect(ops).toContain("Scan:Add");
    expect(error).toBeGreaterThan(1e-6);
    expect(error).toBeLessThan(0.03);
  });
});

describe("an op that is not known", () => {
  it("reads its channels first, and what stands around it keeps them last", async () => {
    const weights = memoryWeights({ "a.weight": wave([20, 20, 3, 3], 1), "b.weight": wave([20, 20, 3, 3], 2) });
    const build = (plugin?: ChannelsLast): [Graph, ReturnType<ChannelsLast["graphBuilt"]>] => {
      const weightLoad = (asked: Weight) => plugin?.weightLoad(asked);
      const g = newGraph({ component: "unet", weights, hooks: { weightLoad } });
      const x = conv2d(g, "a", g.input("x", [size("B"), 20, size("h"), size("w")]), 20, 3, { padding: 1, bias: false });
      const y = g.node("LRN", [g.relu(x)], x.shape, { attributes: { size: { int: 3 } } });
      g.output("y", conv2d(g, "b", g.silu(y), 20, 3, { padding: 1, bias: false }));
      return [g, plugin?.graphBuilt(g)];
    };
    const x = wave([1, 20, 5, 6], 4);
    const [plain] = build();
    const [float, changes] = build(new ChannelsLast({ int8: "off", skip_ends: true, skip_modules: [] }));
    expect(changes?.["transposes left"]).toBe(1); // silu is as it comes
    const [, int8Changes] = build(dynamic);
    expect(int8Changes?.["transposes left"]).toBe(4); // the edges, too
    const [{ y: expected }, { y: found }] = await Promise.all([runGraph(plain, { x }), runGraph(float, { x })]);
    const largest = Math.max(...(expected!.data as Float32Array).map(Math.abs));
    expect(
      (found!.data as Float32Array).every((v, i) => Math.abs(v - Number(expected!.data[i])) < 1e-5 * largest),
    ).toBe(true);
  });
});

describe("a graph without convolutions", () => {
  it("stays as it is", () => {
    const g = newGraph({ component: "text_encoder" });
    const x = g.input("x", [size("B"), 4, size("h"), size("w")]);
    g.output("y", g.relu(g.transpose(x, [0, 2, 1, 3])));
    const nodes = [...g.nodes];
    expect(putChannelsLast(g)).toBeUndefined();
    expect(g.nodes).toEqual(nodes);
  });
});
