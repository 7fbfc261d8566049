import { roundHalfEven } from "@skipstep/core/plugin";
import { readHalf, writeHalf } from "../half";
import type { AffineSearch } from "../rounding/affine-search";
import { searchSuperBlock } from "../rounding/super-block";
import { meanSquare } from "../rounding/weights";
import type { Codes } from "./block-type";
import { readSixBits, writeSixBits } from "./six-bit-scales";

/** What Q4_K and Q5_K share: d, dmin, eight six-bit scales and offsets at byte 4: `d scale q - dmin offset`. */
export function readAffineScales(bytes: Uint8Array, at: number, index: number, { scales, minima }: Codes): void {
  const d = readHalf(bytes, at);
  const dmin = readHalf(bytes, at + 2);
  for (let i = 0; i < 8; i++) {
    const { scale, offset } = readSixBits(bytes, at + 4, i);
    scales[8 * index + i] = d * scale;
    minima[8 * index + i] = -dmin * offset;
  }
}

/** Chooses and writes the scales. @returns the codes that go with them, one an element */
export function packAffine(
  values: Float32Array,
  target: Uint8Array,
  importance: Float32Array | undefined,
  search: AffineSearch,
): Uint8Array {
  const { scales, offsets } = searchSuperBlock(values, importance, {
    group: 32,
    search,
    mostScale: 63,
    weights: (group) => {
      const typical = Math.sqrt(meanSquare(group));
      const weights = new Float32Array(group.length);
      for (let i = 0; i < group.length; i++) weights[i] = typical + Math.abs(group[i]!);
      return weights;
    },
    spread: 2,
  });
  const d = writeHalf(target, 0, scales.scale);
  const dmin = writeHalf(target, 2, offsets.scale);
  for (let i = 0; i < 8; i++) writeSixBits(target, 4, i, scales.codes[i]!, offsets.codes[i]!);
  const codes = new Uint8Array(values.length);
  for (let e = 0; e < values.length; e++) {
    const scale = d * scales.codes[e >> 5]!;
    const code = scale === 0 ? 0 : roundHalfEven((values[e]! + dmin * offsets.codes[e >> 5]!) / scale);
    codes[e] = Math.max(0, Math.min(search.most, code));
  }
  return codes;
}

/** Nibble of element e: two groups of 32 share 32 bytes, the even one in the low halves. */
export function nibbleOf(bytes: Uint8Array, at: number, e: number): number {
  return (bytes[at + 32 * (e >> 6) + (e & 31)]! >> (4 * ((e >> 5) & 1))) & 15;
}

export function writeNibble(target: Uint8Array, at: number, e: number, code: number): void {
  target[at + 32 * (e >> 6) + (e & 31)]! |= (code & 15) << (4 * ((e >> 5) & 1));
}
