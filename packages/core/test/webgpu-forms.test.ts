import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type CompiledEngine, compile } from "../src/compiler/compile";
import { planGraph } from "../src/compiler/plan";
import { lowerBy } from "../src/compiler/providers/forms";
import { formsFor, profileOf } from "../src/compiler/providers/profile";
import { size } from "../src/graph/dim";
import { Graph } from "../src/graph/graph";
import { attention, conv2d, groupNorm } from "../src/graph/layers";
import type { Value } from "../src/graph/value";
import { onnxFile } from "../src/onnx/onnx-file";
import { Program } from "../src/program/program";
import { Runtime } from "../src/runtime/runtime";
import type { Floats, Tensor } from "../src/tensor";
import { memoryWeights, wave } from "./memory-weights";

const noPlugins = { weightLoad: () => undefined, attention: () => undefined };
const [heads, head, queries, keys] = [3, 8, 7, 9];

type Extra = Partial<Parameters<typeof attention>[1]>;

function attending(extra: (g: Graph) => Extra): Graph {
  const g = Graph.create("text_encoder", memoryWeights({}), noPlugins);
  const [query, key, value] = ["T", "S", "S"].map((length, i) =>
    g.input(["query", "key", "value"][i]!, [size("B"), size(length), heads * head]),
  ) as [Value, Value, Value];
  g.output("out", attention(g, { query, key, value, heads, kind: "self", ...extra(g) }));
  return g;
}

/** The mask's second image has three keys of padding. */
const feeds: Readonly<Record<string, Tensor>> = {
  query: wave([2, queries, heads * head], 1),
  key: wave([2, keys, heads * head], 2),
  value: wave([2, keys, heads * head], 3),
  mask: {
    dtype: "int32",
    shape: [2, keys],
    data: Int32Array.from({ length: 2 * keys }, (_, i) => (i < 2 * keys - 3 ? 1 : 0)),
  },
  apartKey: wave([2, heads, keys, head], 6),
  apartValue: wave([2, heads, keys, head], 7),
  wideValue: wave([2, keys, heads * 2 * head], 8),
  bias: wave([1, heads, queries, keys], 4),
  x: wave([2, 12, 5, 7], 5),
  nine: wave([2, 9, 6, 5], 9),
};

const cacheDir = mkdtempSync(join(tmpdir(), "skipstep-webgpu-"));
let runtime: Runtime;
beforeAll(async () => {
  runtime = await Runtime.start({ provider: "cpu" });
});
afterAll(async () => {
  await runtime.close();
  rmSync(cacheDir, { recursive: true });
});

/** On the CPU, whose operators are the same. @param form by name; the first that fits where an operator has none of it */
async function run(graph: Graph, form?: string): Promise<[operators: string[], output: Floats]> {
  const plan = planGraph(graph, []);
  const about = { component: "vae", className: "Forms", source: "/models/forms", plugins: [] };
  const lower = lowerBy((node) => {
    const forms = formsFor(profileOf("webgpu:0"), node);
    return forms.find(({ name }) => name === form) ?? forms[0]!;
  });
  const formsOf = () => (form === undefined ? undefined : { lower, key: form });
  const compiled = await compile({ graph, plan, identity: "1", cacheDir, formsOf, ...about });
  const program = await Program.open(runtime, graph, plan, compiled);
  const output = await runtime.pass(async () => {
    const inputs = Object.fromEntries(graph.inputs.map(({ name }) => [name, runtime.upload(feeds[name]!)]));
    return (await (await program.run(inputs)).out!.read()) as Floats;
  });
  await program.close();
  return [operators(compiled), output];
}

function operators({ segments }: CompiledEngine): string[] {
  const { graph } = onnxFile.toObject(onnxFile.decode(readFileSync(segments[0]!.path)), { arrays: true }) as {
    graph: { node: readonly { op_type: string }[] };
  };
  return graph.node.map(({ op_type }) => op_type);
}

function expectClose(found: Floats, expected: Floats): void {
  expect(found.shape).toEqual(expected.shape);
  const largest = expected.data.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
  expect(found.data.every((value, i) => Math.abs(value - expected.data[i]!) <= 1e-5 * largest)).toBe(true);
}

const masked = (g: Graph): Extra => ({ keyMask: g.input("mask", [size("B"), size("S")], "int32") });
const biased = (g: Graph): Extra => ({ bias: g.input("bias", [1, heads, size("T"), size("S")]) });

const self = (g: Graph): Extra => ({ causal: true, key: g.inputs[0]!, value: g.inputs[0]! });

describe("attention for WebGPU", () => {
  it.each<[string, (g: Graph) => Extra, forms: readonly string[]]>([
    ["plain", () => ({}), ["fused", "composed"]],
    ["with a scale of its own", () => ({ scale: 0.7 }), ["composed"]],
    ["with padded keys", masked, ["biased", "composed"]],
    ["with a bias", biased, ["fused", "composed"]],
    ["with both", (g) => ({ ...masked(g), ...biased(g) }), ["biased", "composed"]],
    ["that does not look ahead", self, ["biased", "composed"]],
  ])("%s gives what the operator gives", async (_, extra, forms) => {
    const [plain, expected] = await run(attending(extra));
    expect(plain).toContain("MultiHeadAttention");
    for (const form of forms) {
      const [emitted, found] = await run(attending(extra), form);
      expect(emitted.includes("MultiHeadAttention")).toBe(form !== "composed");
      expectClose(found, expected);
    }
  });

  it.each([
    ["keys and values whose heads stand apart", ["apartKey", "apartValue"]],
    ["values of another size", ["key", "wideValue"]],
  ])("takes %s", async (_, names) => {
    const taking = (): Graph => {
      const g = Graph.create("transformer", memoryWeights({}), noPlugins);
      const inputs = ["query", ...names].map((name) => {
        const { shape } = feeds[name]!;
        return g.input(
          name,
          shape.length === 4
            ? [size("B"), heads, size("S"), head]
            : [size("B"), size(name === "query" ? "T" : "S"), shape[2]!],
        );
      });
      const width = names.includes("wideValue") ? 2 * head : head;
      const node = { domain: "com.microsoft", attributes: { num_heads: { int: heads } } } as const;
      g.output("out", g.node("MultiHeadAttention", inputs, [size("B"), size("T"), heads * width], node));
      return g;
    };
    const [plain, expected] = await run(taking());
    const [composed, found] = await run(taking(), "composed");
    expect([plain, composed].map((operators) => operators.includes("MultiHeadAttention"))).toEqual([true, false]);
    expectClose(found, expected);
  });

  it("stays as it is where nothing is hidden", async () => {
    expect((await run(attending(biased), "fused"))[0]).toEqual(["MultiHeadAttention"]);
    expect((await run(attending(masked), "biased"))[0].length).toBeGreaterThan(1);
  });
});

it.each([1, 2])(
  "convolutions of nine channels in steps of %d get zeros for WebGPU, and give the same",
  async (stride) => {
    const weights = memoryWeights({ "conv.weight": wave([8, 9, 3, 3], 1), "conv.bias": wave([8], 2) });
    const convolved = (): Graph => {
      const g = Graph.create("unet", weights, noPlugins);
      const x = g.input("nine", [size("B"), 9, size("h"), size("w")]);
      g.output("out", conv2d(g, "conv", x, 8, 3, { stride, padding: 1 }));
      return g;
    };
    const [plain, expected] = await run(convolved());
    const [padded, found] = await run(convolved(), "padded");
    expect([plain, padded].map((operators) => operators.filter((op) => op === "Pad").length)).toEqual([0, 2]);
    expectClose(found, expected);
  },
);

it("group normalization for WebGPU gives what rows of a layer normalization give", async () => {
  const weights = memoryWeights({ "norm.weight": wave([12], 6), "norm.bias": wave([12], 7) });
  const normalized = (): Graph => {
    const g = Graph.create("vae", weights, noPlugins);
    const x = g.input("x", [size("B"), 12, size("h"), size("w")]);
    g.output("out", groupNorm(g, "norm", groupNorm(g, "norm", x, 4, 1e-5), 3, 1e-5));
    return g;
  };
  const [plain, expected] = await run(normalized());
  const [lowered, found] = await run(normalized(), "instances");
  expect(plain).toContain("LayerNormalization");
  expect(lowered.filter((op) => op === "InstanceNormalization")).toHaveLength(2);
  expect(lowered).not.toContain("LayerNormalization");
  expectClose(found, expected);
});
