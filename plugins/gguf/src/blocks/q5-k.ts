import { nibbleOf, packAffine, readAffineScales, writeNibble } from "./affine-k";
import type { BlockType } from "./block-type";

const search = { most: 31, first: -0.5, step: 0.1, tries: 15, error: "square" } as const;

/** d, dmin, eight scales and offsets, 256 fifth bits, 256 nibbles: `d scale q - dmin offset`. */
export const q5_k: BlockType = {
  name: "Q5_K",
  id: 13,
  size: 256,
  byteLength: 176,
  group: 32,
  range: [0, 31],
  hasMinima: true,
  unpack(bytes, at, index, to) {
    readAffineScales(bytes, at, index, to);
    for (let e = 0; e < 256; e++)
      to.codes[256 * index + e] = nibbleOf(bytes, at + 48, e) | (((bytes[at + 16 + (e & 31)]! >> (e >> 5)) & 1) << 4);
  },
  pack(values, target, importance) {
    const codes = packAffine(values, target, importance, search);
    for (let e = 0; e < 256; e++) {
      writeNibble(target, 48, e, codes[e]!);
      target[16 + (e & 31)]! |= (codes[e]! >> 4) << (e >> 5);
    }
  },
};
