import { nibbleOf, packAffine, readAffineScales, writeNibble } from "./affine-k";
import type { BlockType } from "./block-type";

const search = { most: 15, first: -1, step: 0.1, tries: 20, error: "square" } as const;

/** d, dmin, eight scales and offsets, 256 nibbles: `d scale q - dmin offset`. */
export const q4_k: BlockType = {
  name: "Q4_K",
  id: 12,
  size: 256,
  byteLength: 144,
  group: 32,
  range: [0, 15],
  hasMinima: true,
  unpack(bytes, at, index, to) {
    readAffineScales(bytes, at, index, to);
    for (let e = 0; e < 256; e++) to.codes[256 * index + e] = nibbleOf(bytes, at + 16, e);
  },
  pack(values, target, importance) {
    const codes = packAffine(values, target, importance, search);
    for (let e = 0; e < 256; e++) writeNibble(target, 16, e, codes[e]!);
  },
};
