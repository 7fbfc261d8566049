import { readHalf, writeHalf } from "../half";
import type { BlockType } from "./block-type";
import { readNibbles, writeNibbles } from "./nibbles";
import { roundSymmetric } from "./simple-rounding";

/** d, 32 nibbles: `d (q - 8)`. */
export const q4_0: BlockType = {
  name: "Q4_0",
  id: 2,
  size: 32,
  byteLength: 18,
  group: 32,
  range: [-8, 7],
  hasMinima: false,
  unpack(bytes, at, index, { codes, scales }) {
    scales[index] = readHalf(bytes, at);
    readNibbles(bytes, at + 2, (nibble, e) => {
      codes[32 * index + e] = nibble - 8;
    });
  },
  pack(values, target, importance) {
    const codes = new Uint8Array(32);
    writeHalf(target, 0, roundSymmetric(values, 8, codes, importance));
    writeNibbles(target, 2, codes);
  },
};
