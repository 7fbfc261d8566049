import { readHalf } from "../half";
import type { BlockType } from "./block-type";
import { grids } from "./grids";
import { readShort } from "./read-words";
import { signBytes, writeSigned } from "./signs";

/** d, 32 words of a grid's row and a sign index, 16 scales of four bits: `d (1/2 + scale) / 4`. */
export const iq2_xs: BlockType = {
  name: "IQ2_XS",
  id: 17,
  size: 256,
  byteLength: 74,
  group: 16,
  range: [-43, 43],
  hasMinima: false,
  unpack(bytes, at, index, { codes, scales }) {
    readFourBitScales(bytes, at, at + 66, index, scales);
    for (let i = 0; i < 32; i++) {
      const word = readShort(bytes, at + 2 + 2 * i);
      writeSigned(codes, 256 * index + 8 * i, grids.iq2Xs(), word & 511, 8, signBytes[word >> 9]!);
    }
  },
};

/** 16 scales in 8 bytes. @param at of d */
export function readFourBitScales(
  bytes: Uint8Array,
  at: number,
  from: number,
  index: number,
  scales: Float32Array,
): void {
  const d = readHalf(bytes, at);
  for (let i = 0; i < 16; i++) {
    const scale = (bytes[from + (i >> 1)]! >> (4 * (i & 1))) & 15;
    scales[16 * index + i] = Math.fround(d * (0.5 + scale)) * 0.25;
  }
}
