import { halfBytes } from "../graph/payload";
import type { Payload, Value } from "../graph/value";
import { type HalfType, sizeOf } from "../tensor";
import { type InitializerValue, isInitializer, placeKey } from "./weights-layout";

/** Bytes of float32 up to which a weight stays as it is: it lies in the model, and a cast costs as much as it saves. */
const least = 1024;

/**
 * Whether an engine stores a weight in 16 bits where its component's dtype says so: the checkpoint's matrices, filters
 * and tables. Vectors (biases, scales of norms) are a thousandth of a model and stay as exact as they are.
 */
export function isStoredHalf(value: Value | undefined): value is InitializerValue {
  return isInitializer(value) && value.origin.payload.half !== undefined && isLargeMatrix(value);
}

function isLargeMatrix({ dtype, shape, origin }: InitializerValue): boolean {
  return dtype === "float32" && shape.length > 1 && origin.payload.byteLength > least;
}

/** Initializers of an engine in 16 bits, each made once. */
export class HalfWeights {
  /** By the place of the float32 one. */
  private readonly known = new Map<string, InitializerValue>();

  constructor(readonly dtype: HalfType) {}

  of(value: InitializerValue): InitializerValue {
    const key = `${placeKey(value)} ${value.name}`;
    const half = this.known.get(key) ?? this.made(value);
    this.known.set(key, half);
    return half;
  }

  /** What was made of a value. */
  find(value: InitializerValue): InitializerValue | undefined {
    return this.known.get(`${placeKey(value)} ${value.name}`);
  }

  private made(value: InitializerValue): InitializerValue {
    const { dtype } = this;
    const { payload } = value.origin;
    const half: Payload = {
      key: `${payload.key}:${dtype}`,
      label: payload.label,
      byteLength: sizeOf(value.shape) * 2,
      bytes: () => payload.half?.(dtype) ?? halfBytes(payload.label, floatsOf(payload.bytes()), dtype),
    };
    return { ...value, dtype, name: `${value.name}/${dtype}`, origin: { kind: "initializer", payload: half } };
  }
}

function floatsOf({ buffer, byteOffset, byteLength }: Uint8Array): Float32Array {
  return new Float32Array(buffer, byteOffset, byteLength / 4);
}
