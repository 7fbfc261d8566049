import { join } from "node:path";
import { newGraph, runGraph, wave } from "@skipstep/contract/graph";
import { floats, size } from "@skipstep/core/model";
import type { Weight, WeightForm } from "@skipstep/core/plugin";
import { afterAll, beforeEach, describe, expect, it, vi } from "vitest";
import { Bnb, type BnbOptions } from "../../../plugins/bnb/src/index";
import { FirstBlockCache } from "../../../plugins/fbcache/src/index";
import { blockTypes } from "../../../plugins/gguf/src/block-types";
import { type BlockType, dequantize } from "../../../plugins/gguf/src/blocks/block-type";
import { Gguf } from "../../../plugins/gguf/src/gguf";
import { someBlocks } from "../../../plugins/gguf/test/some-blocks";
import { SvdQuant } from "../../../plugins/svdquant/src/index";
import { draw } from "../../../test/draw";
import { temporaryFolder } from "../../../test/emoji";
import { planGraph } from "../src/compiler/plan";
import * as probe from "../src/compiler/probe/probe";
import { bestForms, countFallback } from "../src/compiler/providers/fallback-counts";
import * as profiles from "../src/compiler/providers/profile";
import type { Graph } from "../src/graph/graph";

// The CPU in the forms of WebGPU: it has the same operators. Of them the best, wrong or not: a trial would take another.
const on = { webgpu: false };
const { profileOf } = profiles;
vi.spyOn(profiles, "profileOf").mockImplementation((device) => profileOf(on.webgpu ? "webgpu" : device));
vi.spyOn(probe, "rightForms").mockImplementation(
  async (_, __, trials) => new Map(trials.map(({ case: { name }, forms }) => [name, forms[0]!])),
);
afterAll(() => vi.restoreAllMocks());
beforeEach(() => {
  on.webgpu = false;
});

const rows = 20;

function weightOf(columns: number, more: Partial<Weight> & Pick<Weight, "key" | "read">): Weight {
  return {
    name: "transformer_blocks.0.attn.to_q.weight",
    component: "transformer",
    role: "linear",
    shape: [rows, columns],
    dtype: "float32",
    input: undefined as never, // nothing reads it
    ...more,
  };
}

/** Linears of one input, with biases, by name. @param x `[B, T, columns]` */
async function run(forms: ReadonlyMap<string, WeightForm>, x: ReturnType<typeof floats>, webgpu: boolean) {
  const g = newGraph();
  const input = g.input("x", [size("B"), size("T"), x.shape[2]!]);
  const bias = g.constant([...wave([rows], 0.9).data]);
  for (const [name, form] of forms) g.output(name, form.emit(g.scope(name), input, bias));
  expect(fallen(g)).toEqual({});
  on.webgpu = webgpu;
  const results = await runGraph(g, { x });
  on.webgpu = false;
  return { results, operators: g.nodes.map(({ op }) => op) };
}

/** Nodes that run on the CPU where the graph is put on WebGPU. */
function fallen(graph: Graph) {
  const { segments } = planGraph(graph, []);
  const devices = segments.map(() => "webgpu");
  on.webgpu = true;
  const fallback = countFallback(segments, devices, bestForms(segments, devices), { folds: true });
  on.webgpu = false;
  return fallback!.counts;
}

/** `x W^T + b` in float64. */
function product(x: ReturnType<typeof floats>, weight: Float32Array): number[] {
  const columns = x.shape[2]!;
  const bias = wave([rows], 0.9).data;
  return Array.from({ length: (x.data.length / columns) * rows }, (_, i) => {
    const [t, row] = [Math.floor(i / rows), i % rows];
    let sum = bias[row]!;
    for (let k = 0; k < columns; k++) sum += x.data[t * columns + k]! * weight[row * columns + k]!;
    return sum;
  });
}

function difference(found: ArrayLike<number | bigint>, expected: readonly number[]): number {
  const most = expected.reduce((largest, value) => Math.max(largest, Math.abs(value)), 0);
  return expected.reduce((worst, value, i) => Math.max(worst, Math.abs(value - Number(found[i]))), 0) / most;
}

describe("GGUF types on WebGPU", () => {
  const columnsOf = (type: BlockType): number => (type.size === 256 ? 768 : 384);
  it.each((["exact", "int8"] as const).flatMap((kernel) => [384, 768].map((columns) => [kernel, columns] as const)))(
    "by the %s kernel, rows of %i, give what the decoded weights give, all of it there",
    async (kernel, columns) => {
      const plugin = new Gguf({ weights: "packed", kernel });
      const types = blockTypes.filter((type) => columnsOf(type) === columns);
      const decoded = new Map<string, Float32Array>();
      const forms = new Map(
        types.map((type): [string, WeightForm] => {
          const blocks = someBlocks(type, rows, columns);
          const shape = [rows, blocks.length / rows];
          const data = { dtype: "uint8", shape, data: blocks } as const;
          decoded.set(type.name, dequantize(type, blocks));
          const packed = {
            format: `gguf:${type.name}`,
            byteLength: blocks.length,
            parameters: { type: type.name },
            tensors: { blocks: { dtype: "uint8", shape, read: () => data } },
          } as const;
          const weight = weightOf(columns, { key: type.name, packed, read: () => decoded.get(type.name)! });
          return [type.name, plugin.weightLoad(weight)!];
        }),
      );
      expect(forms.size).toBeGreaterThan(8);
      const x = wave([2, 3, columns], 0.7);
      const { results } = await run(forms, x, true);
      for (const [name, weight] of decoded)
        expect(difference(results[name]!.data, product(x, weight)), name).toBeLessThan(1e-5);
    },
  );
});

const bnb = (options: Partial<BnbOptions>): Bnb =>
  new Bnb({ llm_int8_threshold: 6, bnb_4bit_kernel: "exact", ...options } as BnbOptions);
const fourBits = { load_in_4bit: true, bnb_4bit_blocksize: 64, bnb_4bit_use_double_quant: false } as const;

describe("weights that are quantized when a model is compiled", () => {
  it.each<[string, Bnb | SvdQuant, lacking: string]>([
    ["NF4", bnb({ ...fourBits, bnb_4bit_quant_type: "nf4" }), ""],
    ["FP4", bnb({ ...fourBits, bnb_4bit_quant_type: "fp4" }), ""],
    ["bnb's 4 bits by int8", bnb({ ...fourBits, bnb_4bit_kernel: "int8" }), ""],
    ["in blocks of 128", bnb({ ...fourBits, bnb_4bit_blocksize: 128, bnb_4bit_kernel: "int8" }), ""],
    ["LLM.int8", bnb({ load_in_8bit: true }), "MatMulIntegerToFloat"],
    ["LLM.int8 without outliers", bnb({ load_in_8bit: true, llm_int8_threshold: 0 }), "MatMulIntegerToFloat"],
    ["svdquant in w4a16", new SvdQuant({ form: "w4a16", rank: 4, skip: [] }), ""],
    ["svdquant in w8a8", new SvdQuant({ form: "w8a8", rank: 4, skip: [] }), "MatMulIntegerToFloat"],
  ])("%s: what the packed weights give, nothing rounded, all of it there", async (_, plugin, lacking) => {
    const columns = 200; // blocks of 64 and 128 do not divide it
    const values = wave([rows, columns], 0.3).data;
    const weight = weightOf(columns, { key: "w", read: () => values });
    const form = plugin.weightLoad(weight, { weights: {} } as Graph)!;
    const forms = new Map([["y", form]]);
    // Of rows with one element nothing is lost by rounding: the CPU shows the weights as it has them.
    const one = floats([1, columns, columns]);
    for (let k = 0; k < columns; k++) one.data[k * columns + k] = 1;
    const bias = wave([rows], 0.9).data;
    const shown = await run(forms, one, false);
    const packed = Float32Array.from({ length: rows * columns }, (_, i) => {
      const [row, k] = [Math.floor(i / columns), i % columns];
      return Number(shown.results.y!.data[k * rows + row]) - bias[row]!;
    });
    if (lacking !== "") expect(shown.operators).toContain(lacking);
    const x = wave([2, 3, columns], 0.7);
    x.data[7] = 9; // an outlier
    const { results } = await run(forms, x, true);
    expect(difference(results.y!.data, product(x, packed))).toBeLessThan(1e-5);
  });
});

it("the report says what the CPU rounds where a provider does not, and leaves its noise out", async () => {
  const generate = { class_labels: [1], num_inference_steps: 1, height: 32, width: 32, seed: 1 };
  const plugins = [
    { use: Bnb, options: { load_in_8bit: true } },
    { use: FirstBlockCache, options: { threshold: 0.001 } },
  ];
  const config = { model: join(import.meta.dirname, "../../../test/golden/pipelines/dit"), generate, plugins };
  const cacheDir = temporaryFolder();
  const { report: onCpu } = await draw(config, cacheDir);
  on.webgpu = true;
  const { report } = await draw(config, cacheDir);
  on.webgpu = false;
  const said =
    'transformer: "cpu" multiplies what enters the layers of plugin "bnb" as it is. The CPU rounds it to 8 bits, which changes what a layer gives by about 0.70%.';
  expect([onCpu.notes.includes(said), report.notes.includes(said)]).toEqual([false, true]);
  expect([onCpu, report].map(({ plugins: [bnb] }) => bnb!.summary.endsWith("noise 0.70%"))).toEqual([true, false]);
  const warned = [onCpu, report].map(({ warnings }) => warnings.filter((text) => text.includes("below the noise")));
  expect(warned.map(({ length }) => length)).toEqual([1, 0]);
});

it("another form is forgotten where what it reads is no longer made", () => {
  const g = newGraph();
  const x = g.relu(g.input("x", [4]));
  g.orPortable(g.tanh(x), { lacking: ["Tanh"], reads: [x], emit: (operators) => operators.relu(x) });
  const [maker, node] = g.nodes;
  const place = { output: (value: typeof x) => value, stream: (value: typeof x) => value };
  g.replaceNodes([maker!, node!], place);
  expect(g.nodes[1]!.portable).toBeDefined();
  g.replaceNodes([{ ...node!, inputs: [g.inputs[0]] }], place);
  expect(g.nodes[0]!.portable).toBeUndefined();
});
