import { readHalf } from "../half";
import type { BlockType } from "./block-type";
import { grids } from "./grids";
import { readWord } from "./read-words";
import { signBytes, writeSigned } from "./signs";

/** d, and for each 32 elements four rows of a grid, four sign indices and a scale: `d (1/2 + scale) / 4`. */
export const iq2_xxs: BlockType = {
  name: "IQ2_XXS",
  id: 16,
  size: 256,
  byteLength: 66,
  group: 32,
  range: [-43, 43],
  hasMinima: false,
  unpack(bytes, at, index, { codes, scales }) {
    const d = readHalf(bytes, at);
    for (let b = 0; b < 8; b++) {
      const rows = at + 2 + 8 * b;
      const word = readWord(bytes, rows + 4);
      scales[8 * index + b] = Math.fround(d * (0.5 + (word >>> 28))) * 0.25;
      for (let g = 0; g < 4; g++) {
        const signs = signBytes[(word >>> (7 * g)) & 127]!;
        writeSigned(codes, 256 * index + 32 * b + 8 * g, grids.iq2Xxs(), bytes[rows + g]!, 8, signs);
      }
    }
  },
};
