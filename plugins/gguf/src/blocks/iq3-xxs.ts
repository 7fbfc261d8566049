import { readHalf } from "../half";
import type { BlockType } from "./block-type";
import { grids } from "./grids";
import { readWord } from "./read-words";
import { signBytes, writeSigned } from "./signs";

/** d, 64 grid rows, and for each 32 elements four sign indices and a scale: `d (1/2 + scale) / 2`. */
export const iq3_xxs: BlockType = {
  name: "IQ3_XXS",
  id: 18,
  size: 256,
  byteLength: 98,
  group: 32,
  range: [-62, 62],
  hasMinima: false,
  unpack(bytes, at, index, { codes, scales }) {
    const d = readHalf(bytes, at);
    for (let b = 0; b < 8; b++) {
      const word = readWord(bytes, at + 66 + 4 * b);
      scales[8 * index + b] = Math.fround(d * (0.5 + (word >>> 28))) * 0.5;
      for (let i = 0; i < 8; i++) {
        const signs = signBytes[(word >>> (7 * (i >> 1))) & 127]! >> (4 * (i & 1));
        const row = bytes[at + 2 + 8 * b + i]!;
        writeSigned(codes, 256 * index + 32 * b + 4 * i, grids.iq3Xxs(), row, 4, signs);
      }
    }
  },
};
