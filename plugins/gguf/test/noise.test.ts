import { newGraph, runGraph } from "@skipstep/contract/graph";
import { createGenerator, floats, size } from "@skipstep/core/model";
import type { Weight, WeightForm } from "@skipstep/core/plugin";
import { expect, it } from "vitest";
import { blockTypeNamed } from "../src/block-types";
import { dequantize, quantize } from "../src/blocks/block-type";
import { packedForm } from "../src/packed-form";

const [tokens, rows, columns] = [64, 48, 512];
const generator = createGenerator(1);
const x = floats([tokens, columns], generator.randn(tokens * columns));
const weight = generator.randn(rows * columns);

async function run(form: WeightForm): Promise<Float32Array> {
  const g = newGraph({ component: "test" });
  g.output("y", form.emit(g, g.input("x", [size("T"), columns]), undefined));
  return (await runGraph(g, { x })).y!.data as Float32Array;
}

/** Of normally distributed weights and activations: relative L1 error against the product with the file's numbers. */
async function noiseOf(form: WeightForm, values: Float32Array): Promise<number> {
  const y = await run(form);
  let [difference, whole] = [0, 0];
  for (let t = 0; t < tokens; t++)
    for (let n = 0; n < rows; n++) {
      let exact = 0;
      for (let k = 0; k < columns; k++) exact += x.data[t * columns + k]! * values[n * columns + k]!;
      difference += Math.abs(y[t * rows + n]! - exact);
      whole += Math.abs(exact);
    }
  return difference / whole;
}

it.each(["Q4_0", "Q4_1", "Q8_0", "Q2_K", "Q4_K", "Q5_K", "Q6_K", "IQ4_XS"])(
  "is what the forms of %s say",
  async (name) => {
    const type = blockTypeNamed(name)!;
    const blocks = quantize(type, weight);
    const values = dequantize(type, blocks);
    const of = {
      name: "w",
      key: name,
      shape: [rows, columns],
      packed: { parameters: {}, tensors: { blocks: { read: () => ({ data: blocks }) } } },
    } as unknown as Weight;
    const exact = packedForm(of, type, "exact")!;
    expect(exact.noise).toBeUndefined();
    expect(await noiseOf(exact, values)).toBeLessThan(1e-5);
    const int8 = packedForm(of, type, "int8")!;
    const noise = await noiseOf(int8, values);
    expect(int8.noise! / noise, `${int8.form}: ${noise}`).toBeGreaterThan(0.7);
    expect(int8.noise! / noise, `${int8.form}: ${noise}`).toBeLessThan(1.4);
  },
);
