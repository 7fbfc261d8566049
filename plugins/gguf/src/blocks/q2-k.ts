import { roundHalfEven } from "@skipstep/core/plugin";
import { readHalf, writeHalf } from "../half";
import { searchSuperBlock } from "../rounding/super-block";
import type { BlockType } from "./block-type";
import { readPairs, writePairs } from "./k-groups";

const search = { most: 3, first: -0.5, step: 0.1, tries: 15, error: "absolute" } as const;

/** 16 nibble pairs of scale and offset, 256 pairs of bits, d, dmin: `d scale q - dmin offset`. */
export const q2_k: BlockType = {
  name: "Q2_K",
  id: 10,
  size: 256,
  byteLength: 84,
  group: 16,
  range: [0, 3],
  hasMinima: true,
  unpack(bytes, at, index, { codes, scales, minima }) {
    const d = readHalf(bytes, at + 80);
    const dmin = readHalf(bytes, at + 82);
    for (let i = 0; i < 16; i++) {
      scales[16 * index + i] = d * (bytes[at + i]! & 15);
      minima[16 * index + i] = -dmin * (bytes[at + i]! >> 4);
    }
    readPairs(bytes, at + 16, (pair, e) => {
      codes[256 * index + e] = pair;
    });
  },
  pack(values, target, importance) {
    const { scales, offsets } = searchSuperBlock(values, importance, {
      group: 16,
      search,
      mostScale: 15,
      weights: (group) => group.map(Math.abs),
      spread: 1,
    });
    const d = writeHalf(target, 80, scales.scale);
    const dmin = writeHalf(target, 82, offsets.scale);
    for (let i = 0; i < 16; i++) target[i] = scales.codes[i]! | (offsets.codes[i]! << 4);
    const codes = new Uint8Array(256);
    for (const [e, x] of values.entries()) {
      const scale = d * scales.codes[e >> 4]!;
      if (scale !== 0) codes[e] = Math.max(0, Math.min(3, roundHalfEven((x + dmin * offsets.codes[e >> 4]!) / scale)));
    }
    writePairs(target, 16, codes);
  },
};
