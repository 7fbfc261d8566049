import { readHalf } from "../half";
import type { BlockType } from "./block-type";
import { type Grid, grids } from "./grids";
import { readShort } from "./read-words";

/** 32 low bytes of grid rows, 32 nibbles of high bits and shift, four words with 16 scales and a quarter of d each. */
export const iq1_m: BlockType = {
  name: "IQ1_M",
  id: 29,
  size: 256,
  byteLength: 56,
  group: 16,
  range: [-9, 9],
  hasMinima: false,
  unpack(bytes, at, index, { codes, scales }) {
    const words = [0, 1, 2, 3].map((i) => readShort(bytes, at + 48 + 2 * i));
    const half = words.reduce((bits, word, i) => bits | ((word >> 12) << (4 * i)), 0);
    const d = readHalf(Uint8Array.of(half & 255, half >> 8), 0);
    for (let i = 0; i < 16; i++) {
      scales[16 * index + i] = Math.fround(d * (2 * ((words[i >> 2]! >> (3 * (i & 3))) & 7) + 1)) / 8;
      for (let k = 0; k < 2; k++) {
        const nibble = (bytes[at + 32 + i]! >> (4 * k)) & 15;
        const row = bytes[at + 2 * i + k]! | ((nibble & 7) << 8);
        writeShifted(codes, 256 * index + 16 * i + 8 * k, grids.iq1(), row, nibble & 8 ? -1 : 1);
      }
    }
  },
};

/** -1, 0, 1 and a shift of an eighth, as whole eighths. */
export function writeShifted(codes: Int8Array, at: number, grid: Grid, row: number, shift: -1 | 1): void {
  for (let i = 0; i < 8; i++) codes[at + i] = 8 * grid[8 * row + i]! + shift;
}
