import { readFileSync } from "node:fs";
import { type DType, itemSize, sizeOf, type Tensor, type TensorData } from "../src/tensor";

const dtypes: Readonly<Record<string, DType>> = {
  F32: "float32",
  F16: "float16",
  BF16: "bfloat16",
  I64: "int64",
  I32: "int32",
  BOOL: "bool",
};
const arrays: Partial<Record<DType, new (buffer: ArrayBuffer) => TensorData>> = {
  float32: Float32Array,
  float16: Uint16Array,
  bfloat16: Uint16Array,
  int64: BigInt64Array,
  int32: Int32Array,
  bool: Uint8Array,
};

/** All tensors of one small file, by name. For tests: the product reads lazily. */
export function readSafetensors(path: string): ReadonlyMap<string, Tensor> {
  const file = readFileSync(path);
  const start = 8 + Number(file.readBigUInt64LE());
  const header: Record<string, { dtype: string; shape: number[]; data_offsets: [number, number] }> = JSON.parse(
    file.toString("utf8", 8, start),
  );
  const { __metadata__: _, ...entries } = header;
  return new Map(
    Object.entries(entries).map(
      ([
        name,
        {
          dtype: code,
          shape,
          data_offsets: [from, to],
        },
      ]) => {
        const dtype = dtypes[code];
        const Data = dtype && arrays[dtype];
        if (!dtype || !Data || to - from !== sizeOf(shape) * itemSize[dtype])
          throw new Error(`${path}: ${name}: ${code} [${shape}]`);
        return [
          name,
          { dtype, shape, data: new Data(Uint8Array.from(file.subarray(start + from, start + to)).buffer) },
        ];
      },
    ),
  );
}
