import { type DType, itemSize, type TensorData } from "../../tensor";

/** Element types by their names in a safetensors header, https://github.com/huggingface/safetensors. */
const dtypes: ReadonlyMap<string, DType> = new Map([
  ["F64", "float64"],
  ["F32", "float32"],
  ["F16", "float16"],
  ["BF16", "bfloat16"],
  ["F8_E4M3", "float8_e4m3fn"],
  ["F8_E5M2", "float8_e5m2"],
  ["F8_E8M0", "float8_e8m0fnu"],
  ["I64", "int64"],
  ["I32", "int32"],
  ["I16", "int16"],
  ["I8", "int8"],
  ["U64", "uint64"],
  ["U32", "uint32"],
  ["U16", "uint16"],
  ["U8", "uint8"],
  ["BOOL", "bool"],
]);

const names = new Map([...dtypes].map(([name, dtype]) => [dtype, name]));

/** Every name that `dtypeOf` knows. */
export const safetensorsNames: readonly string[] = [...dtypes.keys()];

/** `"BF16"` to `"bfloat16"`; `undefined` for a type that Skipstep does not read. */
export function dtypeOf(safetensorsName: string): DType | undefined {
  return dtypes.get(safetensorsName);
}

/** `"bfloat16"` to `"BF16"`. */
export function safetensorsName(dtype: DType): string {
  return names.get(dtype)!;
}

type ArrayClass = new (buffer: ArrayBufferLike, byteOffset?: number, length?: number) => TensorData;

const arrays: Readonly<Record<DType, ArrayClass>> = {
  float64: Float64Array,
  float32: Float32Array,
  float16: Uint16Array,
  bfloat16: Uint16Array,
  float8_e4m3fn: Uint8Array,
  float8_e5m2: Uint8Array,
  float8_e8m0fnu: Uint8Array,
  int64: BigInt64Array,
  int32: Int32Array,
  int16: Int16Array,
  int8: Int8Array,
  uint64: BigUint64Array,
  uint32: Uint32Array,
  uint16: Uint16Array,
  uint8: Uint8Array,
  bool: Uint8Array,
};

/** Little-endian bytes as elements: the same memory, or a copy when they do not lie at a multiple of their size. */
export function viewAs(bytes: Uint8Array, dtype: DType): TensorData {
  const size = itemSize[dtype];
  const { buffer, byteOffset } = bytes.byteOffset % size === 0 ? bytes : Uint8Array.from(bytes);
  return new arrays[dtype](buffer, byteOffset, bytes.byteLength / size);
}
