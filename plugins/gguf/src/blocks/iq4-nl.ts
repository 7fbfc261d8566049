import { readHalf, writeHalf } from "../half";
import { importanceWeights, meanSquare } from "../rounding/weights";
import type { BlockType } from "./block-type";
import { readNibbles, writeNibbles } from "./nibbles";
import { nearestIndex, nonlinear, searchNonlinear } from "./nonlinear";

/** d, 32 nibbles: `d values[q]`. */
export const iq4_nl: BlockType = {
  name: "IQ4_NL",
  id: 20,
  size: 32,
  byteLength: 18,
  group: 32,
  range: [-127, 113],
  hasMinima: false,
  unpack(bytes, at, index, { codes, scales }) {
    scales[index] = readHalf(bytes, at);
    readNibbles(bytes, at + 2, (nibble, e) => {
      codes[32 * index + e] = nonlinear[nibble]!;
    });
  },
  pack(values, target, importance) {
    const weights = importance
      ? importanceWeights(values, importance, 2 * meanSquare(values))
      : values.map((x) => x * x);
    const scale = searchNonlinear(values, weights);
    writeHalf(target, 0, scale);
    const inverse = scale === 0 ? 0 : 1 / scale;
    const codes = Uint8Array.from(values, (x) => nearestIndex(inverse * x));
    writeNibbles(target, 2, codes);
  },
};
