import { codesUnread } from "../errors/quantized";
import { type DType, itemSize, sizeOf } from "../tensor";
import { transposed } from "../transposed";
import type { WeightSource } from "../weights/checkpoint/weights";
import type { Payload } from "./value";

/** How a checkpoint tensor lies in the engine's weights: as it is, or `[N, K]` turned into `[K, N]` for MatMul. */
export type Layout = "as-is" | "transposed";

/**
 * A tensor of the checkpoint as float32. Its shape is checked now, its values are read when they are written.
 * @throws SKIPSTEP_QUANTIZED_UNREAD for whole numbers, which no model has: they are codes
 */
export function checkpointPayload(
  weights: WeightSource,
  name: string,
  shape: readonly number[],
  layout: Layout,
): Payload {
  const { dtype, file } = weights.expect(name, shape);
  if (/^(u?int|bool)/.test(dtype)) throw codesUnread(file, name, dtype);
  return {
    key: `checkpoint:${name}:${layout}`,
    label: name,
    byteLength: sizeOf(shape) * itemSize.float32,
    bytes: () => {
      const values = weights.readFloat32(name);
      return bytesOf(layout === "as-is" ? values : transposed(values, shape[0]!, shape[1]!));
    },
  };
}

/** A few numbers written into the model. */
export function numbersPayload(numbers: readonly number[], dtype: DType): Payload {
  const data = typedNumbers(numbers, dtype);
  return {
    key: `numbers:${dtype}:${numbers.length > 64 && numbers.every((n) => n === numbers[0]) ? `${numbers[0]}x${numbers.length}` : numbers.join(",")}`,
    label: "constant",
    byteLength: data.byteLength,
    bytes: () => bytesOf(data),
  };
}

function typedNumbers(numbers: readonly number[], dtype: DType): Float32Array | BigInt64Array | Int32Array {
  if (dtype === "float32") return Float32Array.from(numbers);
  if (dtype === "int64") return BigInt64Array.from(numbers, BigInt);
  if (dtype === "int32") return Int32Array.from(numbers);
  throw new RangeError(`constants are float32, int64 or int32, not ${dtype}`);
}

function bytesOf(array: Float32Array | BigInt64Array | Int32Array): Uint8Array {
  return new Uint8Array(array.buffer, array.byteOffset, array.byteLength);
}
