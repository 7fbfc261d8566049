import type { DType } from "@skipstep/core/plugin";
import { float16Code } from "@skipstep/lowbit";

/** Elements one after the other, without blocks. */
export interface PlainType {
  readonly name: string;
  /** In a file's tensor list. */
  readonly id: number;
  readonly dtype: DType;
  /** Bytes of one element. */
  readonly itemSize: number;
  /** Missing for types that are only read. */
  write?(values: Float32Array): Uint8Array;
}

/** Every type without blocks that is read. */
export const plainTypes: readonly PlainType[] = [
  { name: "F32", id: 0, dtype: "float32", itemSize: 4, write: (values) => bytesOf(Float32Array.from(values)) },
  {
    name: "F16",
    id: 1,
    dtype: "float16",
    itemSize: 2,
    write: (values) => bytesOf(Uint16Array.from(values, float16Code)),
  },
  { name: "BF16", id: 30, dtype: "bfloat16", itemSize: 2, write: (values) => bytesOf(upperHalves(values)) },
  { name: "I8", id: 24, dtype: "int8", itemSize: 1 },
  { name: "I16", id: 25, dtype: "int16", itemSize: 2 },
  { name: "I32", id: 26, dtype: "int32", itemSize: 4 },
  { name: "I64", id: 27, dtype: "int64", itemSize: 8 },
  { name: "F64", id: 28, dtype: "float64", itemSize: 8 },
];

function bytesOf({ buffer, byteOffset, byteLength }: Float32Array | Uint16Array): Uint8Array {
  return new Uint8Array(buffer, byteOffset, byteLength);
}

/** bfloat16: rounded to nearest, ties to even; NaNs are made quiet. */
function upperHalves(values: Float32Array): Uint16Array {
  return Uint16Array.from(new Uint32Array(values.slice().buffer), (bits) => {
    if ((bits & 0x7fffffff) > 0x7f800000) return (bits >>> 16) | 64;
    return (bits + 0x7fff + ((bits >>> 16) & 1)) >>> 16;
  });
}
