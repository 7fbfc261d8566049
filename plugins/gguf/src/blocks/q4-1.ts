import { readHalf, writeHalf } from "../half";
import type { BlockType } from "./block-type";
import { readNibbles, writeNibbles } from "./nibbles";
import { roundBetween } from "./simple-rounding";

/** d, m, 32 nibbles: `d q + m`. */
export const q4_1: BlockType = {
  name: "Q4_1",
  id: 3,
  size: 32,
  byteLength: 20,
  group: 32,
  range: [0, 15],
  hasMinima: true,
  unpack(bytes, at, index, { codes, scales, minima }) {
    scales[index] = readHalf(bytes, at);
    minima[index] = readHalf(bytes, at + 2);
    readNibbles(bytes, at + 4, (nibble, e) => {
      codes[32 * index + e] = nibble;
    });
  },
  pack(values, target, importance) {
    const codes = new Uint8Array(32);
    const { scale, least } = roundBetween(values, 15, codes, importance);
    writeHalf(target, 0, scale);
    writeHalf(target, 2, least);
    writeNibbles(target, 4, codes);
  },
};
