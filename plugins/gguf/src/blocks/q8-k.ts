import type { BlockType } from "./block-type";
import { readFloat } from "./read-words";

/** d as float32, 256 bytes, sums of 16 of them that nothing here needs: `d q`. */
export const q8_k: BlockType = {
  name: "Q8_K",
  id: 15,
  size: 256,
  byteLength: 292,
  group: 256,
  range: [-128, 127],
  hasMinima: false,
  unpack(bytes, at, index, { codes, scales }) {
    scales[index] = readFloat(bytes, at);
    for (let e = 0; e < 256; e++) codes[256 * index + e] = bytes[at + 4 + e]!;
  },
};
