import type { DType } from "@skipstep/core";

/** Rounds float32 to what a type can hold, half to even; in place. */
export function roundTo(values: Float32Array, dtype: DType): Float32Array {
  if (dtype === "float16") for (let i = 0; i < values.length; i++) values[i] = toHalf(values[i]!);
  if (dtype === "bfloat16") roundBits(values, 16);
  return values;
}

const bits = new Uint32Array(1);
const float = new Float32Array(bits.buffer);

/** The nearest float16, as a number. */
export function toHalf(value: number): number {
  const size = Math.abs(value);
  if (size < 2 ** -14) {
    // Below the normal numbers all lie the same distance apart.
    const unit = 2 ** -24;
    const whole = value / unit;
    return (whole + 1.5 * 2 ** 52 - 1.5 * 2 ** 52) * unit;
  }
  if (size >= 65520) return Number.isNaN(value) ? value : Math.sign(value) * Number.POSITIVE_INFINITY;
  float[0] = value;
  bits[0] = withoutBits(bits[0]!, 13);
  return float[0];
}

function roundBits(values: Float32Array, dropped: number): void {
  const raw = new Uint32Array(values.buffer, values.byteOffset, values.length);
  for (let i = 0; i < raw.length; i++) if (!Number.isNaN(values[i]!)) raw[i] = withoutBits(raw[i]!, dropped);
}

function withoutBits(raw: number, dropped: number): number {
  const rest = raw + (1 << (dropped - 1)) - 1 + ((raw >>> dropped) & 1);
  return ((rest >>> dropped) << dropped) >>> 0;
}
