import { halfOverflow } from "../errors/dtype";
import { codesUnread } from "../errors/quantized";
import { type DType, type HalfType, itemSize, sizeOf } from "../tensor";
import { transposed } from "../transposed";
import { toHalf } from "../weights/checkpoint/to-half";
import type { WeightSource } from "../weights/checkpoint/weights";
import type { Payload } from "./value";

/**
 * How a checkpoint tensor lies in the engine's weights: as it is; `[N, K]` turned into `[K, N]` for MatMul; of a filter
 * over frames `[N, C, F, kh, kw]` what it does with the last one, `[N, C, kh, kw]`.
 */
export type Layout = "as-is" | "transposed" | "last-frame";

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
    byteLength: sizeOf(laidOutShape(shape, layout)) * itemSize.float32,
    bytes: () => bytesOf(laidOut(weights.readFloat32(name), shape, layout)),
    half: (to) =>
      dtype === to && layout !== "last-frame"
        ? bytesOf(turned(weights.read(name).data as Uint16Array, shape, layout))
        : halfBytes(name, laidOut(weights.readFloat32(name), shape, layout), to),
  };
}

/**
 * A weight's elements in 16 bits. @param label the checkpoint's name
 * @throws SKIPSTEP_DTYPE_OVERFLOW
 */
export function halfBytes(label: string, values: Float32Array, dtype: HalfType): Uint8Array {
  const { codes, overflows } = toHalf(values, dtype);
  if (overflows > 0) throw halfOverflow(label, dtype, overflows, values);
  return bytesOf(codes);
}

/** @param shape in the checkpoint */
export function laidOutShape(shape: readonly number[], layout: Layout): readonly number[] {
  if (layout === "as-is") return shape;
  return layout === "transposed" ? [...shape].reverse() : [...shape.slice(0, 2), ...shape.slice(3)];
}

/** @param shape of the values as they are */
export function laidOut(values: Float32Array, shape: readonly number[], layout: Layout): Float32Array {
  return layout === "last-frame" ? lastFrames(values, shape) : turned(values, shape, layout);
}

function turned<Values extends Float32Array | Uint16Array>(
  values: Values,
  shape: readonly number[],
  layout: Exclude<Layout, "last-frame">,
): Values {
  return layout === "transposed" ? transposed(values, shape[0]!, shape[1]!) : values;
}

function lastFrames(values: Float32Array, [rows, channels, frames, height, width]: readonly number[]): Float32Array {
  const [filters, plane] = [rows! * channels!, height! * width!];
  if (frames === 1) return values;
  const last = new Float32Array(filters * plane);
  for (let filter = 0; filter < filters; filter++) {
    const end = (filter + 1) * frames! * plane;
    last.set(values.subarray(end - plane, end), filter * plane);
  }
  return last;
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

function bytesOf(array: Float32Array | BigInt64Array | Int32Array | Uint16Array): Uint8Array {
  return new Uint8Array(array.buffer, array.byteOffset, array.byteLength);
}
