/** Element types, by their names in PyTorch. */
export type DType =
  | "float64"
  | "float32"
  | "float16"
  | "bfloat16"
  | "float8_e4m3fn"
  | "float8_e5m2"
  | "float8_e8m0fnu"
  | "int64"
  | "int32"
  | "int16"
  | "int8"
  | "uint64"
  | "uint32"
  | "uint16"
  | "uint8"
  | "bool";

/** Element types of 16 bits that weights may be stored in. */
export type HalfType = Extract<DType, "float16" | "bfloat16">;

/** Bytes of one element. */
export const itemSize: Readonly<Record<DType, number>> = {
  float64: 8,
  float32: 4,
  float16: 2,
  bfloat16: 2,
  float8_e4m3fn: 1,
  float8_e5m2: 1,
  float8_e8m0fnu: 1,
  int64: 8,
  int32: 4,
  int16: 2,
  int8: 1,
  uint64: 8,
  uint32: 4,
  uint16: 2,
  uint8: 1,
  bool: 1,
};

/** What one tensor's elements are kept in. float16, bfloat16 and float8 keep their bits. */
export type TensorData =
  | Float64Array
  | Float32Array
  | Uint16Array
  | Uint8Array
  | Int8Array
  | Int16Array
  | Int32Array
  | Uint32Array
  | BigInt64Array
  | BigUint64Array;

/** A tensor in this thread's memory: row-major elements and their shape. */
export interface Tensor<Data extends TensorData = TensorData> {
  readonly dtype: DType;
  readonly shape: readonly number[];
  readonly data: Data;
}

/** A float32 tensor: latents, embeddings, predictions. */
export type Floats = Tensor<Float32Array>;

/** Number of elements of a shape. */
export function sizeOf(shape: readonly number[]): number {
  return shape.reduce((product, dim) => product * dim, 1);
}

/** A float32 tensor over `data`, zeros without it. */
export function floats(shape: readonly number[], data: Float32Array = new Float32Array(sizeOf(shape))): Floats {
  return { dtype: "float32", shape, data };
}

/** An int64 tensor (token ids, positions, shapes). */
export function integers(shape: readonly number[], values: Iterable<number>): Tensor<BigInt64Array> {
  return { dtype: "int64", shape, data: BigInt64Array.from(values, BigInt) };
}

/** Whether no element is NaN or infinite. Written out, 6 times as fast as `every`. */
export function isAllFinite(data: Float32Array): boolean {
  for (let i = 0; i < data.length; i++) if (data[i]! - data[i]! !== 0) return false;
  return true;
}
