import type { HalfType } from "../../tensor";

/** Numbers in 16 bits. */
export interface Halved {
  /** Their bits. */
  readonly codes: Uint16Array;
  /** How many finite numbers are beyond the type's range; they became infinite. */
  readonly overflows: number;
}

/** Rounded to nearest, ties to even, as IEEE 754 and torch have it. NaNs are quiet and keep their sign. */
export function toHalf(values: Float32Array, dtype: HalfType): Halved {
  const bits = new Uint32Array(values.buffer, values.byteOffset, values.length);
  const codes = new Uint16Array(values.length);
  return { codes, overflows: dtype === "float16" ? toFloat16(values, bits, codes) : toBfloat16(bits, codes) };
}

const infinity = 0x7f80_0000;

/** The least float32 that rounds to float16's infinity, 65520; the least normal float16, 2^-14. As bits. */
const [float16Overflow, float16Normal] = [0x477f_f000, 0x3880_0000];

/** From float32's exponent to float16's: 127 - 15. */
const rebias = 112 << 23;

const float = new Float32Array(1);
const floatBits = new Uint32Array(float.buffer);
const oneHalf = 0x3f00_0000;

/** @returns overflows */
function toFloat16(values: Float32Array, bits: Uint32Array, codes: Uint16Array): number {
  let overflows = 0;
  for (let i = 0; i < bits.length; i++) {
    const magnitude = bits[i]! & 0x7fff_ffff;
    let code: number;
    if (magnitude >= float16Overflow) {
      code = magnitude > infinity ? 0x7e00 : 0x7c00;
      if (magnitude < infinity) overflows++;
    } else if (magnitude >= float16Normal) {
      code = (magnitude - rebias + 0xfff + ((magnitude >>> 13) & 1)) >>> 13;
    } else {
      // Subnormals are multiples of 2^-24, which is also the distance of float32s from 0.5 on: the addition rounds.
      float[0] = Math.abs(values[i]!) + 0.5;
      code = floatBits[0]! - oneHalf;
    }
    codes[i] = ((bits[i]! >>> 16) & 0x8000) | code;
  }
  return overflows;
}

/** A bfloat16 is the upper half of a float32. @returns overflows */
function toBfloat16(bits: Uint32Array, codes: Uint16Array): number {
  let overflows = 0;
  for (let i = 0; i < bits.length; i++) {
    const given = bits[i]!;
    const magnitude = given & 0x7fff_ffff;
    if (magnitude > infinity) codes[i] = (given >>> 16) | 0x40;
    else {
      codes[i] = (given + 0x7fff + ((given >>> 16) & 1)) >>> 16;
      if (magnitude < infinity && (codes[i]! & 0x7fff) === 0x7f80) overflows++;
    }
  }
  return overflows;
}
