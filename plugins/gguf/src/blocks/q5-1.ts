import { readHalf, writeHalf } from "../half";
import type { BlockType } from "./block-type";
import { readNibbles, writeFifthBits, writeNibbles } from "./nibbles";
import { roundBetween } from "./simple-rounding";

/** d, m, 32 fifth bits, 32 nibbles: `d q + m`. */
export const q5_1: BlockType = {
  name: "Q5_1",
  id: 7,
  size: 32,
  byteLength: 24,
  group: 32,
  range: [0, 31],
  hasMinima: true,
  unpack(bytes, at, index, { codes, scales, minima }) {
    scales[index] = readHalf(bytes, at);
    minima[index] = readHalf(bytes, at + 2);
    readNibbles(bytes, at + 8, (nibble, e) => {
      codes[32 * index + e] = nibble | (((bytes[at + 4 + (e >> 3)]! >> (e & 7)) & 1) << 4);
    });
  },
  pack(values, target, importance) {
    const codes = new Uint8Array(32);
    const { scale, least } = roundBetween(values, 31, codes, importance);
    writeHalf(target, 0, scale);
    writeHalf(target, 2, least);
    writeFifthBits(target, 4, codes);
    writeNibbles(target, 8, codes);
  },
};
