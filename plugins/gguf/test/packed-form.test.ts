import { newGraph, runGraph } from "@skipstep/contract/graph";
import type { Value, Weight, WeightForm } from "@skipstep/core/plugin";
import { describe, expect, it } from "vitest";
import { blockTypes } from "../src/block-types";
import { type BlockType, dequantize } from "../src/blocks/block-type";
import { Gguf } from "../src/gguf";
import { someBlocks } from "./some-blocks";

const rows = 5;

function weightOf(type: BlockType, columns: number, blocks: Uint8Array, name = "blocks.0.to_q.weight"): Weight {
  const shape = [rows, blocks.length / rows];
  return {
    name,
    component: "transformer",
    role: "linear",
    shape: [rows, columns],
    dtype: "float32",
    key: `${type.name}:${columns}`,
    packed: {
      format: `gguf:${type.name}`,
      byteLength: blocks.length,
      parameters: { type: type.name },
      tensors: { blocks: { dtype: "uint8", shape, read: () => ({ dtype: "uint8", shape, data: blocks }) } },
    },
    input: undefined as never, // nothing reads it
    read: () => dequantize(type, blocks),
  };
}

const exact = new Gguf({ weights: "packed", kernel: "exact" });
const int8 = new Gguf({ weights: "packed", kernel: "int8" });

describe.each(blockTypes.map((type) => [type.name, type] as const))("a weight of %s", (_, type) => {
  const columns = 3 * Math.max(type.size, 64);
  const blocks = someBlocks(type, rows, columns);
  const scale = type.name === "NVFP4" ? 0.125 : undefined; // its tensors have a scale of their own
  const values = dequantize(type, blocks).map((value) => value * (scale ?? 1));
  const x = Float32Array.from({ length: 2 * columns }, (__, i) => Math.sin(0.3 * i) + 0.1);
  const bias = Float32Array.from({ length: rows }, (__, n) => 0.5 - n);
  const expected = Float32Array.from({ length: 2 * rows }, (__, i) => {
    const [m, n] = [Math.floor(i / rows), i % rows];
    let sum = bias[n]!;
    for (let k = 0; k < columns; k++) sum += x[m * columns + k]! * values[n * columns + k]!;
    return sum;
  });

  function formOf(plugin: Gguf): WeightForm {
    const weight = weightOf(type, columns, blocks);
    const parameters = scale === undefined ? weight.packed!.parameters : { ...weight.packed!.parameters, scale };
    return plugin.weightLoad({ ...weight, packed: { ...weight.packed!, parameters } })!;
  }

  /** Largest difference, as a part of the largest number. @param level of accuracy, in place of the form's own */
  async function errorOf(form: WeightForm, level?: number): Promise<number> {
    const g = newGraph({ component: "transformer" });
    const data = { key: "bias", label: "bias", byteLength: bias.byteLength, bytes: () => new Uint8Array(bias.buffer) };
    g.output("y", form.emit(g, g.input("x", [2, columns]), g.initializer(data, [rows])));
    for (const node of g.nodes)
      if (node.op === "MatMulNBits" && level !== undefined)
        Object.assign(node.attributes, { accuracy_level: { int: level } });
    const { y } = await runGraph(g, { x: { dtype: "float32", shape: [2, columns], data: x } });
    const most = expected.reduce((largest, value) => Math.max(largest, Math.abs(value)), 0);
    return expected.reduce((worst, value, i) => Math.max(worst, Math.abs(value - Number(y!.data[i]))), 0) / most;
  }

  it("is multiplied with what goes in as it is", async () => {
    const form = formOf(exact);
    expect(form.form).toMatch(new RegExp(`^${type.name} in [48] bits$`));
    expect(form.noise).toBeUndefined();
    expect(await errorOf(form)).toBeLessThan(1e-5);
  });

  it("is the same numbers by int8, but for the rounding of what goes in", async () => {
    const form = formOf(int8);
    expect(form.form).toBe(`${formOf(exact).form} with int8 activations`);
    expect(form.noise).toBeGreaterThan(0.001);
    expect(await errorOf(form, 1)).toBeLessThan(1e-5);
    const rounded = await errorOf(form);
    expect(rounded).toBeLessThan(2e-2);
    expect(rounded).toBeGreaterThan(1e-5);
  });

  it("says how large it is", () => {
    for (const form of [formOf(exact), formOf(int8)]) {
      const g = newGraph({ component: "transformer" });
      g.output("y", form.emit(g, g.input("x", [2, columns]), undefined));
      const initializers = new Set(g.nodes.flatMap(({ inputs }) => inputs.filter(isInitializer)));
      const stored = [...initializers].filter(({ name }) => name.startsWith("blocks.0.to_q.weight"));
      expect(stored.reduce((sum, { origin }) => sum + bytesOf(origin), 0)).toBe(form.byteLength);
      const bits = (8 * form.byteLength) / (rows * columns);
      expect(bits).toBeLessThan(14);
      if (type.name === "Q4_0") expect(bits).toBe(5);
    }
  });
});

function isInitializer(value: Value | undefined): value is Value {
  return value?.origin.kind === "initializer";
}

function bytesOf(origin: Value["origin"]): number {
  return origin.kind === "initializer" ? origin.payload.byteLength : 0;
}

describe("a weight that is left to core", () => {
  const q8 = blockTypes.find(({ name }) => name === "Q8_0")!;
  const blocks = someBlocks(q8, rows, 64);
  it.each([
    ["of a convolution", { ...weightOf(q8, 64, blocks), role: "conv" as const }],
    [
      "that stands outside of the blocks",
      weightOf(q8, 64, blocks, "time_text_embed.timestep_embedder.linear_1.weight"),
    ],
    [
      "of another format",
      { ...weightOf(q8, 64, blocks), packed: { ...weightOf(q8, 64, blocks).packed!, format: "toy:eight" } },
    ],
  ])("is one %s", (_, weight) => {
    for (const plugin of [exact, int8]) expect(plugin.weightLoad(weight)).toBeUndefined();
  });

  it("is any with weights float32", () => {
    expect(new Gguf({ weights: "float32", kernel: "exact" }).weightLoad(weightOf(q8, 64, blocks))).toBeUndefined();
  });
});
