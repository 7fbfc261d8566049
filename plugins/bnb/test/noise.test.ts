import { newGraph, runGraph } from "@skipstep/contract/graph";
import { createGenerator, type Floats, floats, size } from "@skipstep/core/model";
import type { Weight, WeightForm } from "@skipstep/core/plugin";
import { expect, it } from "vitest";
import { fourBitForm } from "../src/four-bit-form";
import { int8RowForm } from "../src/int8-form";

const [tokens, rows, columns] = [64, 96, 512];
const generator = createGenerator(1);
const normal = (...shape: number[]): Floats => floats(shape, generator.randn(shape[0]! * shape[1]!));
const [x, weight] = [normal(tokens, columns), normal(rows, columns)];

async function run(form: WeightForm, input: Floats): Promise<Float32Array> {
  const g = newGraph({ component: "test" });
  g.output("y", form.emit(g, g.input("x", [size("T"), columns]), undefined));
  return (await runGraph(g, { x: input })).y!.data as Float32Array;
}

/** What the form does to a unit vector is its weight: columns of it, without the noise of rounding. */
async function stored(form: WeightForm): Promise<Float32Array> {
  const eye = floats([columns, columns]);
  for (let k = 0; k < columns; k++) eye.data[k * columns + k] = 1;
  return run(form, eye);
}

/** Relative L1 error against the product with the weight as it is stored. */
async function noiseOf(form: WeightForm): Promise<number> {
  const [y, columnsOf] = [await run(form, x), await stored(form)];
  let [difference, whole] = [0, 0];
  for (let t = 0; t < tokens; t++)
    for (let n = 0; n < rows; n++) {
      let exact = 0;
      for (let k = 0; k < columns; k++) exact += x.data[t * columns + k]! * columnsOf[k * rows + n]!;
      difference += Math.abs(y[t * rows + n]! - exact);
      whole += Math.abs(exact);
    }
  return difference / whole;
}

it("is what the forms say", async () => {
  const of = { name: "w", key: "k", shape: [rows, columns], read: () => weight.data } as unknown as Weight;
  const four = { bnb_4bit_quant_type: "nf4", bnb_4bit_blocksize: 64, bnb_4bit_use_double_quant: false } as const;
  const exact = fourBitForm(of, { ...four, bnb_4bit_kernel: "exact" });
  expect(exact.noise).toBeUndefined();
  expect(await noiseOf(exact)).toBeLessThan(1e-5);
  for (const form of [
    int8RowForm(of, { threshold: 0 }),
    int8RowForm(of, { threshold: 0, scale: "tensor" }),
    fourBitForm(of, { ...four, bnb_4bit_kernel: "int8" }),
  ]) {
    const noise = await noiseOf(form);
    expect(form.noise! / noise, `${form.form}: ${noise}`).toBeGreaterThan(0.7);
    expect(form.noise! / noise, `${form.form}: ${noise}`).toBeLessThan(1.4);
  }
});
