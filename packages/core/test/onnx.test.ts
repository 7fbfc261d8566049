import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { onnxModel } from "../src/compiler/onnx";
import { type Plan, planGraph } from "../src/compiler/plan";
import { writeWeights } from "../src/compiler/weights-file";
import { initializersOf, layOutValues, placeKey } from "../src/compiler/weights-layout";
import type { BuildHooks } from "../src/graph/build-hooks";
import { plus, type Sizes, size, times } from "../src/graph/dim";
import { Graph } from "../src/graph/graph";
import { onnxFile } from "../src/onnx/onnx-file";
import { floats, integers, type Tensor } from "../src/tensor";
import { transposed } from "../src/transposed";
import { blockGraph } from "./block-model";
import { memoryWeights, wave } from "./memory-weights";
import { runPlan } from "./run-plan";

const noPlugins: BuildHooks = { weightLoad: () => undefined, attention: () => undefined };
const home = mkdtempSync(join(tmpdir(), "skipstep-onnx-"));
afterAll(() => rmSync(home, { recursive: true }));

/** Writes a graph as one segment and runs it. */
async function run(g: Graph, sizes: Sizes, inputs: Record<string, Tensor>): Promise<Record<string, Tensor>> {
  const folder = mkdtempSync(join(home, "model-"));
  const plan = planGraph(g, []);
  const layout = layOutValues(initializersOf(g.nodes));
  writeFileSync(join(folder, "model.onnx"), onnxModel("test", plan.segments[0]!, layout));
  await writeWeights(join(folder, "weights.bin"), layout);
  const [segment] = plan.segments as [Plan["segments"][number]];
  const names = (values: readonly { readonly name: string }[]): string[] => values.map(({ name }) => name);
  const compiled = {
    path: join(folder, "model.onnx"),
    inputs: names(segment.inputs),
    sizes: names(segment.sizes),
    outputs: names(segment.outputs),
  };
  return runPlan(plan, { segments: [compiled] }, sizes, inputs);
}

interface Decoded {
  readonly ir_version: unknown;
  readonly opset_import: readonly { readonly domain: string; readonly version: unknown }[];
  readonly graph: {
    readonly name: string;
    readonly node: readonly { readonly name: string; readonly input: readonly string[]; readonly op_type: string }[];
    readonly initializer: readonly {
      readonly name: string;
      readonly raw_data: Uint8Array;
      readonly external_data: readonly { readonly key: string; readonly value: string }[];
    }[];
    readonly input: readonly { readonly name: string; readonly type: unknown }[];
  };
}

function decoded(g: Graph): Decoded {
  const bytes = onnxModel("test", planGraph(g, []).segments[0]!, layOutValues(initializersOf(g.nodes)));
  return onnxFile.toObject(onnxFile.decode(bytes), { longs: Number, arrays: true }) as unknown as Decoded;
}

function emptyGraph(tensors: Record<string, Tensor<Float32Array>> = {}): Graph {
  return Graph.create("test", memoryWeights(tensors), noPlugins);
}

describe("a written model", () => {
  it("says its versions, and names nodes by scope", () => {
    const { ir_version, opset_import, graph } = decoded(blockGraph(2));
    expect(ir_version).toBe(10);
    expect(opset_import).toEqual([
      { domain: "", version: 23 },
      { domain: "com.microsoft", version: 1 },
      { domain: "com.microsoft.nchwc", version: 1 },
    ]);
    expect(graph.name).toBe("test");
    const names = graph.node.map(({ name }) => name);
    expect(names.slice(0, 3)).toEqual(["Expand:0", "embed/Add:1", "layers.0/MatMul:2"]);
    expect(new Set(names).size).toBe(names.length);
  });

  it("has sizes known at run time as text", () => {
    const g = emptyGraph();
    const x = g.input("x", [size("B"), plus(times(2, size("h")), 1), 3]);
    g.output("y", g.relu(x));
    expect(decoded(g).graph.input).toEqual([
      {
        name: "x",
        type: {
          tensor_type: {
            elem_type: 1,
            shape: { dim: [{ dim_param: "B" }, { dim_param: "2*h + 1" }, { dim_value: 3 }] },
          },
        },
      },
    ]);
  });

  it("holds small weights and shapes itself, and the place of large ones", () => {
    const { initializer } = decoded(blockGraph(1)).graph;
    const bias = initializer.find(({ name }) => name === "layers.0.fc.bias")!;
    expect(bias.raw_data).toHaveLength(256);
    expect(bias.external_data).toEqual([]);
    const weight = initializer.find(({ name }) => name === "layers.0.fc.weight")!;
    expect(weight.raw_data).toBe(undefined);
    expect(weight.external_data).toEqual([
      { key: "location", value: "weights.bin" },
      { key: "offset", value: "0" },
      { key: "length", value: "16384" },
    ]);
  });

  it("keeps long lists of integers, which may be shapes, in the model", () => {
    const g = emptyGraph();
    const x = g.input("x", [300]);
    g.output("y", g.split(x, new Array<number>(300).fill(1), 0)[299]!); // 2400 bytes of int64
    const { graph } = decoded(g);
    expect(graph.initializer[0]!.raw_data).toHaveLength(2400);
  });

  it("is the same, byte by byte, for the same graph", () => {
    const write = (): Uint8Array => {
      const g = blockGraph(3);
      return onnxModel("test", planGraph(g, []).segments[0]!, layOutValues(initializersOf(g.nodes)));
    };
    expect(Buffer.from(write()).equals(write())).toBe(true);
  });

  it("has every kind of attribute, and leaves out inputs", async () => {
    const g = emptyGraph();
    const x = g.input("x", [1, 2, size("h"), 2]);
    const turned = g.transpose(x, [0, 1, 3, 2]); // ints
    const large = g.upsample(turned, 2); // texts, an input left out
    const steep = g.node("LeakyRelu", [large], large.shape, { attributes: { alpha: { float: 0.25 } } });
    g.output("y", g.concat([steep, steep], 1)); // int
    expect(decoded(g).graph.node.find(({ op_type }) => op_type === "Resize")!.input[1]).toBe("");
    const { y } = await run(
      g,
      { h: 3 },
      {
        x: floats(
          [1, 2, 3, 2],
          Float32Array.from({ length: 12 }, (_, i) => i - 4),
        ),
      },
    );
    expect(y!.shape).toEqual([1, 4, 4, 6]);
    const expected: number[] = [];
    for (let channel = 0; channel < 4; channel++)
      for (let row = 0; row < 4; row++)
        for (let column = 0; column < 6; column++) {
          const value = (channel % 2) * 6 + Math.floor(column / 2) * 2 + Math.floor(row / 2) - 4;
          expected.push(value < 0 ? value / 4 : value);
        }
    expect(Array.from(y!.data, Number)).toEqual(expected); // small numbers and quarters: exact
  });

  it("says zeros", () => {
    const g = emptyGraph();
    const x = g.input("x", [0, 4]);
    g.output("y", g.concat([x, x], 0));
    const { node, input } = decoded(g).graph;
    expect(node[0]).toMatchObject({ attribute: [{ name: "axis", type: 2, i: 0 }] });
    expect(input[0]).toMatchObject({ type: { tensor_type: { shape: { dim: [{ dim_value: 0 }, { dim_value: 4 }] } } } });
  });

  it("has lists of floats", async () => {
    const g = emptyGraph();
    const ids = g.input("ids", [3], "int64");
    const looked = g.node("LabelEncoder", [ids], [3], {
      domain: "ai.onnx.ml" as "",
      dtype: "float32",
      attributes: { keys_int64s: { ints: [5, -7] }, values_floats: { floats: [0.5, -2] }, default_float: { float: 9 } },
    });
    g.output("y", looked);
    const { node } = decoded(g).graph as unknown as { node: readonly { attribute: readonly object[] }[] };
    expect(node[0]!.attribute).toMatchObject([
      { name: "keys_int64s", type: 7, ints: [5, -7] },
      { name: "values_floats", type: 6, floats: [0.5, -2] },
      { name: "default_float", type: 1, f: 9 },
    ]);
  });

  it("takes weights of any type and place", async () => {
    const table = Float32Array.from({ length: 40_000 }, (_, i) => i);
    const g = emptyGraph({ table: floats([400, 100], table), odd: wave([257], 1), more: wave([70, 70], 2) });
    const ids = g.input("ids", [2], "int64");
    const codes = g.initializer(
      { key: "codes", label: "codes", byteLength: 2000, bytes: () => Uint8Array.from({ length: 2000 }, (_, i) => i) },
      [2000],
      "uint8",
    );
    g.output("odd", g.add(g.weight("odd", [257]), g.constant(0)));
    g.output("codes", g.gather(codes, ids, 0));
    g.output("turned", g.gather(g.weight("table", [400, 100], "transposed"), ids, 0));
    g.output("rows", g.gather(g.weight("table", [400, 100]), ids, 0));
    const outputs = await run(g, {}, { ids: integers([2], [3, 99]) });
    expect(outputs.odd!.data).toEqual(wave([257], 1).data);
    expect(Array.from(outputs.codes!.data, Number)).toEqual([3, 99]);
    expect(outputs.rows!.data).toEqual(Float32Array.of(...table.slice(300, 400), ...table.slice(9900, 10_000)));
    const columns = [3, 99].flatMap((column) => Array.from({ length: 400 }, (_, row) => row * 100 + column));
    expect(outputs.turned).toEqual({ dtype: "float32", shape: [2, 400], data: Float32Array.from(columns) });
  });
});

describe("the layout of weights", () => {
  it("aligns, and has equal payloads once", () => {
    const g = emptyGraph({ small: wave([300], 1), large: wave([130, 130], 2), last: wave([301], 3) });
    const x = g.input("x", [1]);
    g.output("a", g.add(x, g.weight("small", [300])));
    g.output("b", g.add(x, g.weight("last", [301])));
    g.output("c", g.add(x, g.reshape(g.weight("large", [130, 130]), [16_900])));
    const again = {
      key: "checkpoint:small:as-is",
      label: "small",
      byteLength: 1200,
      bytes: () => new Uint8Array(1200),
    };
    g.output("d", g.add(g.initializer(again, [3, 100]), x));
    const layout = layOutValues(initializersOf(g.nodes));
    expect(layout.stored.map(({ value, offset, byteLength }) => [placeKey(value), offset, byteLength])).toEqual([
      ["checkpoint:small:as-is float32", 0, 1200],
      ["checkpoint:last:as-is float32", 1216, 1204],
      ["checkpoint:large:as-is float32", 4096, 67_600],
    ]);
    expect(layout.byteLength).toBe(4096 + 67_600);
  });

  it("refuses a payload that does not have the bytes of its shape", () => {
    const g = emptyGraph();
    const bytes = (): Uint8Array => new Uint8Array(12);
    const codes = g.initializer({ key: "k", label: "layers.0.codes", byteLength: 12, bytes }, [5], "uint8");
    g.output("y", g.cast(codes, "float32"));
    expect(() => layOutValues(initializersOf(g.nodes))).toThrow(
      expect.objectContaining({ code: "SKIPSTEP_PAYLOAD_SIZE" }),
    );
    expect(() => layOutValues(initializersOf(g.nodes))).toThrow(
      /"layers\.0\.codes", uint8 \[5\], must have 5 bytes, found 12/,
    );
  });
});

describe("transposed", () => {
  it.each([
    [8, 3],
    [16, 5],
    [19, 7],
    [3, 11],
    [1, 4],
    [4, 1],
  ])("turns %i x %i", (rows, columns) => {
    const values = Float32Array.from({ length: rows * columns }, (_, i) => i);
    const expected = Array.from({ length: rows * columns }, (_, i) => (i % rows) * columns + Math.floor(i / rows));
    expect([...transposed(values, rows, columns)]).toEqual(expected);
  });
});
