import type { DType, Tensor } from "@skipstep/core/model";

/** The types of https://github.com/huggingface/safetensors, and what their elements are kept in. */
export const storedTypes: readonly (readonly [
  name: string,
  dtype: DType,
  data: { new (buffer: ArrayBuffer): Tensor["data"]; readonly BYTES_PER_ELEMENT: number },
])[] = [
  ["F64", "float64", Float64Array],
  ["F32", "float32", Float32Array],
  ["F16", "float16", Uint16Array],
  ["BF16", "bfloat16", Uint16Array],
  ["F8_E4M3", "float8_e4m3fn", Uint8Array],
  ["F8_E5M2", "float8_e5m2", Uint8Array],
  ["I64", "int64", BigInt64Array],
  ["I32", "int32", Int32Array],
  ["I16", "int16", Int16Array],
  ["I8", "int8", Int8Array],
  ["U64", "uint64", BigUint64Array],
  ["U32", "uint32", Uint32Array],
  ["U16", "uint16", Uint16Array],
  ["U8", "uint8", Uint8Array],
  ["BOOL", "bool", Uint8Array],
];
