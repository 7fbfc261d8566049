import { type FormatTensor, type OpenWeights, type PackedWeight, sizeOf } from "@skipstep/core/plugin";
import { checkpointBroken } from "./errors";
import { dequantizeRows } from "./int8-rows";

/** A weight of LLM.int8 as models see it. @param module without `.weight` @throws SKIPSTEP_BNB_INVALID */
export function int8Tensor(
  tensors: OpenWeights,
  path: string,
  module: string,
  threshold: number | undefined,
): FormatTensor {
  const weight = `${module}.weight`;
  const { dtype, shape, file, offset } = tensors.entry(weight);
  const scales = sizeOf(tensors.entry(`${module}.SCB`).shape);
  if (dtype !== "int8" || shape.length !== 2)
    throw checkpointBroken(path, weight, `is ${dtype} [${shape.join(", ")}], not int8 [N, K]`);
  if (scales !== shape[0])
    throw checkpointBroken(path, weight, `has ${shape[0]} rows, and ${scales} scales in "${module}.SCB"`);
  const order = tensors.has(`${module}.weight_format`) ? tensors.readFloat32(`${module}.weight_format`)[0] : 0;
  if (order !== 0) throw checkpointBroken(path, weight, `is in the order of one kind of GPU (weight_format ${order})`);
  const read = (first: number, count: number): { codes: Int8Array; scb: Float32Array } => ({
    codes: new Int8Array(Uint8Array.from(tensors.readRows(weight, first, count)).buffer),
    scb: tensors.readFloat32(`${module}.SCB`).slice(first, first + count),
  });
  return {
    dtype: "float32",
    shape,
    file,
    offset,
    readRows: (first, count) => new Uint8Array(dequantizeRows(read(first, count)).buffer),
    packed: packedRows(read, shape[1]!, threshold, 0, shape[0]!),
  };
}

function packedRows(
  read: (first: number, count: number) => { codes: Int8Array; scb: Float32Array },
  columns: number,
  threshold: number | undefined,
  first: number,
  count: number,
): PackedWeight {
  const codes = { dtype: "int8", shape: [count, columns] } as const;
  const scb = { dtype: "float32", shape: [count] } as const;
  return {
    format: "bnb:int8",
    byteLength: count * columns + 4 * count,
    parameters: threshold === undefined ? {} : { llm_int8_threshold: threshold },
    tensors: {
      codes: { ...codes, read: () => ({ ...codes, data: read(first, count).codes }) },
      scb: { ...scb, read: () => ({ ...scb, data: read(first, count).scb }) },
    },
    rows: (start, rows) => packedRows(read, columns, threshold, first + start, rows),
  };
}
