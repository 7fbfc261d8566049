import { readHalf } from "../half";
import type { BlockType } from "./block-type";
import { grids } from "./grids";
import { writeShifted } from "./iq1-m";
import { readShort } from "./read-words";

/** d, 32 low bytes of grid rows, and for each 32 elements high bits, a scale and the sign of the shift by an eighth. */
export const iq1_s: BlockType = {
  name: "IQ1_S",
  id: 19,
  size: 256,
  byteLength: 50,
  group: 32,
  range: [-9, 9],
  hasMinima: false,
  unpack(bytes, at, index, { codes, scales }) {
    const d = readHalf(bytes, at);
    for (let b = 0; b < 8; b++) {
      const word = readShort(bytes, at + 34 + 2 * b);
      scales[8 * index + b] = Math.fround(d * (2 * ((word >> 12) & 7) + 1)) / 8;
      for (let g = 0; g < 4; g++) {
        const row = bytes[at + 2 + 4 * b + g]! | (((word >> (3 * g)) & 7) << 8);
        writeShifted(codes, 256 * index + 32 * b + 8 * g, grids.iq1(), row, word & 0x8000 ? -1 : 1);
      }
    }
  },
};
