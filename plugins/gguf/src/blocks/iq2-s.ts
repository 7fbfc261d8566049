import type { BlockType } from "./block-type";
import { grids } from "./grids";
import { readFourBitScales } from "./iq2-xs";
import { writeSigned } from "./signs";

/** d, 32 low bytes of grid rows, 32 sign bytes, 32 pairs of high bits, 16 scales of four bits. */
export const iq2_s: BlockType = {
  name: "IQ2_S",
  id: 22,
  size: 256,
  byteLength: 82,
  group: 16,
  range: [-43, 43],
  hasMinima: false,
  unpack(bytes, at, index, { codes, scales }) {
    readFourBitScales(bytes, at, at + 74, index, scales);
    for (let i = 0; i < 32; i++) {
      const high = (bytes[at + 66 + (i >> 2)]! >> (2 * (i & 3))) & 3;
      const row = bytes[at + 2 + i]! | (high << 8);
      writeSigned(codes, 256 * index + 8 * i, grids.iq2S(), row, 8, bytes[at + 34 + i]!);
    }
  },
};
