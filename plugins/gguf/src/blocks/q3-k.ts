import { readHalf, writeHalf } from "../half";
import { extremeOf } from "../rounding/extreme";
import { clampedCode, descendSigned, searchSigned } from "../rounding/signed-search";
import { importanceWeights, meanSquare, sumOf } from "../rounding/weights";
import type { BlockType } from "./block-type";
import { readPairs, writePairs } from "./k-groups";

/** 256 third bits, 256 pairs of bits, 16 six-bit scales, d: `d (scale - 32) q`, q = -4..3. */
export const q3_k: BlockType = {
  name: "Q3_K",
  id: 11,
  size: 256,
  byteLength: 110,
  group: 16,
  range: [-4, 3],
  hasMinima: false,
  unpack(bytes, at, index, { codes, scales }) {
    const d = readHalf(bytes, at + 108);
    for (let i = 0; i < 16; i++) scales[16 * index + i] = d * (readScale(bytes, at + 96, i) - 32);
    readPairs(bytes, at + 32, (pair, e) => {
      codes[256 * index + e] = (bytes[at + (e & 31)]! >> (e >> 5)) & 1 ? pair : pair - 4;
    });
  },
  pack(values, target, importance) {
    const scales = importance ? searchWeighted(values, importance) : searchPlain(values);
    const d = writeHalf(target, 108, scales.scale);
    const codes = new Int8Array(256);
    for (const [e, x] of values.entries()) {
      const scale = d * scales.codes[e >> 4]!;
      if (scale !== 0) codes[e] = clampedCode(x / scale, 4);
      if (codes[e]! >= 0) target[e & 31]! |= 1 << (e >> 5);
    }
    writePairs(target, 32, codes); // the low bits of -4..-1 are 0..3, as those of 0..3
    for (const [i, code] of scales.codes.entries()) writeScale(target, 96, i, code + 32);
  },
};

/** Low four bits of two scales in each of the first eight bytes, high two bits of four in each of the last four. */
function readScale(bytes: Uint8Array, at: number, i: number): number {
  const low = i < 8 ? bytes[at + i]! & 15 : bytes[at + i - 8]! >> 4;
  return low | (((bytes[at + 8 + (i & 3)]! >> (2 * (i >> 2))) & 3) << 4);
}

function writeScale(target: Uint8Array, at: number, i: number, scale: number): void {
  target[at + (i & 7)]! |= (scale & 15) << (i < 8 ? 0 : 4);
  target[at + 8 + (i & 3)]! |= (scale >> 4) << (2 * (i >> 2));
}

interface SignedScales {
  readonly scale: number;
  /** -32..31 */
  readonly codes: Int8Array;
}

function searchPlain(values: Float32Array): SignedScales {
  return roundedTo32(groupScales(values, (group) => descendSigned(group, 4)));
}

function searchWeighted(values: Float32Array, importance: Float32Array): SignedScales {
  const spread = 2 * meanSquare(values);
  const sums = new Float32Array(16);
  const scales = groupScales(values, (group, i) => {
    const weights = importanceWeights(group, importance.subarray(16 * i, 16 * i + 16), spread);
    sums[i] = sumOf(weights);
    return searchSigned(group, weights, 4);
  });
  const scale = searchSigned(scales, sums, 32);
  return { scale, codes: Int8Array.from(scales, (x) => (scale === 0 ? 0 : clampedCode(x / scale, 32))) };
}

function groupScales(values: Float32Array, scaleOf: (group: Float32Array, i: number) => number): Float32Array {
  return Float32Array.from({ length: 16 }, (_, i) => scaleOf(values.subarray(16 * i, 16 * i + 16), i));
}

function roundedTo32(scales: Float32Array): SignedScales {
  const scale = extremeOf(scales) / -32;
  return { scale, codes: Int8Array.from(scales, (x) => (scale === 0 ? 0 : clampedCode(x / scale, 32))) };
}
