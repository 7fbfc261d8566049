import { readHalf, writeHalf } from "../half";
import { extremeOf } from "../rounding/extreme";
import { clampedCode } from "../rounding/signed-search";
import { importanceWeights, meanSquare } from "../rounding/weights";
import type { BlockType } from "./block-type";
import { readNibbles, writeNibbles } from "./nibbles";
import { nearestIndex, nonlinear, searchNonlinear } from "./nonlinear";
import { readShort } from "./read-words";

/** d, eight six-bit scales, 256 nibbles: `d (scale - 32) values[q]`. */
export const iq4_xs: BlockType = {
  name: "IQ4_XS",
  id: 23,
  size: 256,
  byteLength: 136,
  group: 32,
  range: [-127, 113],
  hasMinima: false,
  unpack(bytes, at, index, { codes, scales }) {
    const d = readHalf(bytes, at);
    const high = readShort(bytes, at + 2);
    for (let i = 0; i < 8; i++) {
      const low = (bytes[at + 4 + (i >> 1)]! >> (4 * (i & 1))) & 15;
      scales[8 * index + i] = d * ((low | (((high >> (2 * i)) & 3) << 4)) - 32);
      readNibbles(bytes, at + 8 + 16 * i, (nibble, e) => {
        codes[256 * index + 32 * i + e] = nonlinear[nibble]!;
      });
    }
  },
  pack(values, target, importance) {
    const weights = importance
      ? importanceWeights(values, importance, 2 * meanSquare(values))
      : values.map((x) => x * x);
    const groups = Array.from({ length: 8 }, (_, i) => [32 * i, 32 * i + 32] as const);
    const scales = Float32Array.from(groups, ([from, to]) =>
      searchNonlinear(values.subarray(from, to), weights.subarray(from, to)),
    );
    const d = extremeOf(scales) / -32;
    writeHalf(target, 0, d);
    for (const [i, [from, to]] of groups.entries()) {
      const scale = d === 0 ? 0 : clampedCode(scales[i]! / d, 32);
      const inverse = scale === 0 ? 0 : 1 / (d * scale);
      const stored = scale + 32;
      target[4 + (i >> 1)]! |= (stored & 15) << (4 * (i & 1));
      target[2 + (i >> 2)]! |= (stored >> 4) << (2 * (i & 3));
      writeNibbles(
        target,
        8 + 16 * i,
        Uint8Array.from(values.subarray(from, to), (x) => nearestIndex(inverse * x)),
      );
    }
  },
};
