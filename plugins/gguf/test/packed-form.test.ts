import type { Weight } from "@skipstep/core";
import { describe, expect, it } from "vitest";
import { Graph } from "../../../packages/core/src/graph/graph";
import { runGraph } from "../../../packages/core/test/run-graph";
import { blockTypes } from "../src/block-types";
import { type BlockType, dequantize } from "../src/blocks/block-type";
import { Gguf } from "../src/gguf";

const rows = 5;

/** Blocks of any content whose scales are numbers of a common size. */
function someBlocks(type: BlockType, columns: number): Uint8Array {
  let state = 12345;
  const random = (): number => {
    state = (Math.imul(state, 1103515245) + 12345) >>> 0;
    return state >>> 16;
  };
  const count = (rows * columns) / type.size;
  const half = [Buffer.from("003c", "hex"), Buffer.from("0030", "hex"), Buffer.from("00b8", "hex")];
  return Buffer.concat(
    Array.from({ length: count }, (_, i) => {
      for (;;) {
        const block = Uint8Array.from({ length: type.byteLength }, () => random() & 255);
        for (const at of [0, 2, type.byteLength - 2, type.byteLength - 4]) block.set(half[i % 3]!, at);
        if (type.name === "MXFP4") block[0] = 120 + (i % 5);
        if (type.name === "Q8_K") block.set(new Uint8Array(Float32Array.of(0.1 + i).buffer));
        if (type.name === "IQ1_M")
          for (const [k, top] of [0, 0, 12, 3].entries()) block[49 + 2 * k] = (block[49 + 2 * k]! & 15) | (top << 4);
        if (dequantize(type, block).every((x) => Number.isFinite(x) && Math.abs(x) < 1e6)) return block;
      }
    }),
  );
}

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

const noHooks = { weightLoad: () => undefined, attention: () => undefined };
const plugin = new Gguf({ weights: "packed" });

describe.each(blockTypes.map((type) => [type.name, type] as const))("a weight of %s", (_, type) => {
  const columns = 3 * Math.max(type.size, 64);
  const blocks = someBlocks(type, columns);
  const values = dequantize(type, blocks);
  const form = plugin.weightLoad(weightOf(type, columns, blocks))!;

  it("is what the kernel multiplies with: exactly without its rounding, nearly with it", async () => {
    const x = Float32Array.from({ length: 2 * columns }, (__, i) => Math.sin(0.3 * i) + 0.1);
    const weight = weightOf(type, columns, blocks);
    const scale = type.name === "NVFP4" ? 0.125 : undefined; // its tensors have a scale of their own
    const parameters = scale === undefined ? weight.packed!.parameters : { ...weight.packed!.parameters, scale };
    const form = plugin.weightLoad({ ...weight, packed: { ...weight.packed!, parameters } })!;
    const expected = Float32Array.from({ length: 2 * rows }, (__, i) => {
      const [m, n] = [Math.floor(i / rows), i % rows];
      let sum = 0;
      for (let k = 0; k < columns; k++) sum += x[m * columns + k]! * values[n * columns + k]! * (scale ?? 1);
      return sum;
    });
    const most = expected.reduce((largest, y) => Math.max(largest, Math.abs(y)), 0);
    for (const [level, tolerance] of [
      [0, 1e-5],
      [4, 2e-2],
    ] as const) {
      const g = Graph.create("transformer", undefined as never, noHooks);
      const output = form.emit(g, g.input("x", [2, columns]), undefined);
      g.output("y", output);
      for (const node of g.nodes)
        if (node.op === "MatMulNBits") Object.assign(node.attributes, { accuracy_level: { int: level } });
      const { y } = await runGraph(g, { x: { dtype: "float32", shape: [2, columns], data: x } });
      const difference = expected.reduce((worst, value, i) => Math.max(worst, Math.abs(value - Number(y!.data[i]))), 0);
      expect(difference / most, `level ${level}`).toBeLessThan(tolerance);
    }
  });

  it("says what it became and how large it is", () => {
    expect(form.form).toMatch(new RegExp(`^${type.name} in [48] bits$`));
    const bits = (8 * form.byteLength) / (rows * columns);
    expect(bits).toBeLessThan(14);
    if (type.name === "Q4_0") expect(bits).toBe(5);
  });
});

describe("a weight that is left to core", () => {
  const q8 = blockTypes.find(({ name }) => name === "Q8_0")!;
  const blocks = someBlocks(q8, 64);
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
    expect(plugin.weightLoad(weight)).toBeUndefined();
  });

  it("is any with weights float32", () => {
    expect(new Gguf({ weights: "float32" }).weightLoad(weightOf(q8, 64, blocks))).toBeUndefined();
  });
});
