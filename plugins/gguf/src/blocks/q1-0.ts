import { readHalf } from "../half";
import type { BlockType } from "./block-type";

/** d, 128 bits: `d` where a bit is set, else `-d`. */
export const q1_0: BlockType = {
  name: "Q1_0",
  id: 41,
  size: 128,
  byteLength: 18,
  group: 128,
  range: [-1, 1],
  hasMinima: false,
  unpack(bytes, at, index, { codes, scales }) {
    scales[index] = readHalf(bytes, at);
    for (let e = 0; e < 128; e++) codes[128 * index + e] = (bytes[at + 2 + (e >> 3)]! >> (e & 7)) & 1 ? 1 : -1;
  },
};
