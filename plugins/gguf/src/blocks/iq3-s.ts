import { readHalf } from "../half";
import type { BlockType } from "./block-type";
import { grids } from "./grids";
import { writeSigned } from "./signs";

/** d, 64 low bytes of grid rows, 64 ninth bits, 32 sign bytes, eight scales of four bits: `d (1 + 2 scale)`. */
export const iq3_s: BlockType = {
  name: "IQ3_S",
  id: 21,
  size: 256,
  byteLength: 110,
  group: 32,
  range: [-15, 15],
  hasMinima: false,
  unpack(bytes, at, index, { codes, scales }) {
    const d = readHalf(bytes, at);
    for (let b = 0; b < 8; b++) {
      const scale = (bytes[at + 106 + (b >> 1)]! >> (4 * (b & 1))) & 15;
      scales[8 * index + b] = d * (1 + 2 * scale);
    }
    for (let i = 0; i < 64; i++) {
      const row = bytes[at + 2 + i]! | (((bytes[at + 66 + (i >> 3)]! >> (i & 7)) & 1) << 8);
      const signs = bytes[at + 74 + (i >> 1)]! >> (4 * (i & 1));
      writeSigned(codes, 256 * index + 4 * i, grids.iq3S(), row, 4, signs);
    }
  },
};
