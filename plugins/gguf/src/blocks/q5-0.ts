import { readHalf, writeHalf } from "../half";
import type { BlockType } from "./block-type";
import { readNibbles, writeFifthBits, writeNibbles } from "./nibbles";
import { roundSymmetric } from "./simple-rounding";

/** d, 32 fifth bits, 32 nibbles: `d (q - 16)`. */
export const q5_0: BlockType = {
  name: "Q5_0",
  id: 6,
  size: 32,
  byteLength: 22,
  group: 32,
  range: [-16, 15],
  hasMinima: false,
  unpack(bytes, at, index, { codes, scales }) {
    scales[index] = readHalf(bytes, at);
    readNibbles(bytes, at + 6, (nibble, e) => {
      codes[32 * index + e] = (nibble | (((bytes[at + 2 + (e >> 3)]! >> (e & 7)) & 1) << 4)) - 16;
    });
  },
  pack(values, target, importance) {
    const codes = new Uint8Array(32);
    writeHalf(target, 0, roundSymmetric(values, 16, codes, importance));
    writeFifthBits(target, 2, codes);
    writeNibbles(target, 6, codes);
  },
};
