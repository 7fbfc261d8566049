import { gridWords } from "./grid-words";

/** Rows of magnitudes, one after the other. */
export type Grid = Int8Array;

/** Rows of eight elements of two bits each, or of four of four bits. */
function grid(words: string, width: 4 | 8, magnitudes: readonly number[]): () => Grid {
  let made: Grid | undefined;
  return () => {
    if (made) return made;
    const bytes = Buffer.from(words, "base64");
    const bits = 16 / width;
    made = new Int8Array((bytes.length / 2) * width);
    for (let row = 0; 2 * row < bytes.length; row++) {
      const word = bytes.readUInt16LE(2 * row);
      for (let i = 0; i < width; i++) made[width * row + i] = magnitudes[(word >> (bits * i)) & (2 ** bits - 1)]!;
    }
    return made;
  };
}

const twoBit = [8, 25, 43];

/** Decoded when they are first asked for. */
export const grids = {
  iq2Xxs: grid(gridWords.iq2Xxs, 8, twoBit),
  iq2Xs: grid(gridWords.iq2Xs, 8, twoBit),
  iq2S: grid(gridWords.iq2S, 8, twoBit),
  iq3Xxs: grid(gridWords.iq3Xxs, 4, [4, 12, 20, 28, 36, 44, 52, 62]),
  iq3S: grid(gridWords.iq3S, 4, [1, 3, 5, 7, 9, 11, 13, 15]),
  iq1: grid(gridWords.iq1, 8, [-1, 0, 1]),
} as const;
