import { readHalf, writeHalf } from "../half";
import type { BlockType } from "./block-type";
import { roundTernary } from "./ternary";

/** Bytes in the order of a block: the first of them, how many lie side by side, trits in each, and their first element. */
const runs = [
  { from: 0, width: 32, trits: 5, element: 0 },
  { from: 32, width: 16, trits: 5, element: 160 },
  { from: 48, width: 4, trits: 4, element: 240 },
] as const;

/** Five trits a byte as a fraction of 256 in base three, d: `d (trit - 1)`. */
export const tq1_0: BlockType = {
  name: "TQ1_0",
  id: 34,
  size: 256,
  byteLength: 54,
  group: 256,
  range: [-1, 1],
  hasMinima: false,
  unpack(bytes, at, index, { codes, scales }) {
    scales[index] = readHalf(bytes, at + 52);
    for (const { from, width, trits, element } of runs)
      for (let i = 0; i < width; i++)
        for (let t = 0; t < trits; t++) {
          const trit = (((bytes[at + from + i]! * 3 ** t) & 255) * 3) >> 8;
          codes[256 * index + element + t * width + i] = trit - 1;
        }
  },
  pack(values, target) {
    const { scale, trits: codes } = roundTernary(values);
    writeHalf(target, 52, scale);
    for (const { from, width, trits, element } of runs)
      for (let i = 0; i < width; i++) {
        let number = 0;
        for (let t = 0; t < 5; t++) number = 3 * number + (t < trits ? codes[element + t * width + i]! : 0);
        target[from + i] = Math.ceil((number * 256) / 243);
      }
  },
};
