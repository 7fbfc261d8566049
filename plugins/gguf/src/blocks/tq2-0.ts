import { readHalf, writeHalf } from "../half";
import type { BlockType } from "./block-type";
import { readPairs, writePairs } from "./k-groups";
import { roundTernary } from "./ternary";

/** 256 pairs of bits, d: `d (q - 1)`. */
export const tq2_0: BlockType = {
  name: "TQ2_0",
  id: 35,
  size: 256,
  byteLength: 66,
  group: 256,
  range: [-1, 2],
  hasMinima: false,
  unpack(bytes, at, index, { codes, scales }) {
    scales[index] = readHalf(bytes, at + 64);
    readPairs(bytes, at, (pair, e) => {
      codes[256 * index + e] = pair - 1;
    });
  },
  pack(values, target) {
    const { scale, trits } = roundTernary(values);
    writeHalf(target, 64, scale);
    writePairs(target, 0, trits);
  },
};
