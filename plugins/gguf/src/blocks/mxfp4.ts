import { extremeOf } from "../rounding/extreme";
import type { BlockType } from "./block-type";
import { readNibbles, writeNibbles } from "./nibbles";

/** Four-bit floats times two: sign, two exponent bits, one fraction bit. */
export const fourBitFloats: readonly number[] = [0, 1, 2, 3, 4, 6, 8, 12, 0, -1, -2, -3, -4, -6, -8, -12];

/** Exponent, 32 nibbles: `2^(exponent - 128) float`, https://www.opencompute.org MX 1.0. */
export const mxfp4: BlockType = {
  name: "MXFP4",
  id: 39,
  size: 32,
  byteLength: 17,
  group: 32,
  range: [-12, 12],
  hasMinima: false,
  unpack(bytes, at, index, { codes, scales }) {
    scales[index] = 2 ** (bytes[at]! - 128);
    readNibbles(bytes, at + 1, (nibble, e) => {
      codes[32 * index + e] = fourBitFloats[nibble]!;
    });
  },
  pack(values, target) {
    const largest = Math.abs(extremeOf(values));
    const exponent = largest > 0 ? Math.max(0, floorLog2(largest) - 2 + 127) : 0;
    const scale = Math.fround(2 ** (exponent - 128));
    target[0] = exponent;
    writeNibbles(
      target,
      1,
      Uint8Array.from(values, (x) => nearestFloat(x, scale)),
    );
  },
};

const float = new Float32Array(1);
const bits = new Uint32Array(float.buffer);

/** Exact, also next to powers of two. */
function floorLog2(value: number): number {
  float[0] = value;
  const exponent = bits[0]! >>> 23;
  return exponent === 0 ? Math.floor(Math.log2(value)) : exponent - 127;
}

/** The first of those that are equally near. */
function nearestFloat(x: number, scale: number): number {
  let best = 0;
  for (let code = 1; code < 16; code++) if (distance(code, x, scale) < distance(best, x, scale)) best = code;
  return best;
}

function distance(code: number, x: number, scale: number): number {
  return Math.abs(Math.fround(Math.fround(scale * fourBitFloats[code]!) - x));
}
