import { readHalf, roundHalfAway, writeHalf } from "../half";
import { extremeOf } from "../rounding/extreme";
import type { BlockType } from "./block-type";

/** d, 32 bytes: `d q`. */
export const q8_0: BlockType = {
  name: "Q8_0",
  id: 8,
  size: 32,
  byteLength: 34,
  group: 32,
  range: [-128, 127],
  hasMinima: false,
  unpack(bytes, at, index, { codes, scales }) {
    scales[index] = readHalf(bytes, at);
    for (let e = 0; e < 32; e++) codes[32 * index + e] = bytes[at + 2 + e]!;
  },
  pack(values, target) {
    const scale = Math.fround(Math.abs(extremeOf(values)) / 127);
    const inverse = scale === 0 ? 0 : Math.fround(1 / scale);
    writeHalf(target, 0, scale);
    for (const [i, x] of values.entries()) target[2 + i] = roundHalfAway(Math.fround(x * inverse));
  },
};
