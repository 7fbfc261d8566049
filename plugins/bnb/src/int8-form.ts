import { transposed, type Weight, type WeightForm } from "@skipstep/core/plugin";
import { derived, type Int8Options, int8Form } from "@skipstep/lowbit";
import { type Int8Rows, quantizeRows, scalesOfRows } from "./int8-rows";

/** A linear weight as LLM.int8 has it, quantized when the model is compiled. */
export function int8RowForm(weight: Weight, options: Int8Options): WeightForm {
  const [rows, columns] = weight.shape as [number, number];
  return formOf(weight, "bnb:int8", options, () => quantizeRows(weight.read(), rows, columns));
}

/** A linear weight as a checkpoint of bitsandbytes has it. @param options whose threshold is for checkpoints that say none */
export function packedInt8Form(weight: Weight, options: Int8Options): WeightForm {
  const { tensors, parameters } = weight.packed!;
  const own = (parameters.llm_int8_threshold as number | undefined) ?? options.threshold;
  return formOf(weight, "bnb:packed:int8", { ...options, threshold: own }, () => ({
    codes: tensors.codes!.read().data as Int8Array,
    scb: tensors.scb!.read().data as Float32Array,
  }));
}

function formOf(weight: Weight, method: string, options: Int8Options, make: () => Int8Rows): WeightForm {
  const [rows, columns] = weight.shape as [number, number];
  const parts = derived(weight, method, { codes: rows * columns, scales: 4 * rows }, () => {
    const { codes, scb } = make();
    return { codes: transposed(codes, rows, columns), scales: scalesOfRows(scb) };
  });
  return { ...int8Form("int8", { rows, columns, ...parts }, options), noise: noise[options.scale ?? "token"] };
}

/** Of activations rounded to int8 by what shares a scale; measured on normally distributed ones, see test/noise.test.ts. */
const noise = { token: 0.007, tensor: 0.01 } as const;
