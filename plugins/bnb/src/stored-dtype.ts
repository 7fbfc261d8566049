import type { DType } from "@skipstep/core/plugin";
import { roundToFloat16 } from "@skipstep/lowbit";

/** Rounds float32 to what a type can hold, half to even; in place. */
export function roundTo(values: Float32Array, dtype: DType): Float32Array {
  if (dtype === "float16") for (let i = 0; i < values.length; i++) values[i] = roundToFloat16(values[i]!);
  if (dtype === "bfloat16") roundToBfloat16(values);
  return values;
}

function roundToBfloat16(values: Float32Array): void {
  const bits = new Uint32Array(values.buffer, values.byteOffset, values.length);
  for (let i = 0; i < bits.length; i++) {
    if (Number.isNaN(values[i]!)) continue;
    const rounded = bits[i]! + 0x7fff + ((bits[i]! >>> 16) & 1);
    bits[i] = ((rounded >>> 16) << 16) >>> 0;
  }
}
