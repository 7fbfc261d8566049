/** Some bits of a code: where they lie in a group's bytes, and where in the code. */
type Piece = readonly [byte: number, shift: number, mask: number, place: number];

/** Codes that lie together in whole bytes. */
interface CodeGroup {
  readonly bytes: number;
  /** Of each code of the group, in their order. */
  readonly codes: readonly (readonly Piece[])[];
}

const low = (bytes: number, bits: number): Piece[][] =>
  Array.from({ length: bytes }, (_, byte) => [[byte, 0, 2 ** bits - 1, 0]]);

/**
 * SDNQ's order of codes that are no divisor of a byte: the first ones fill the lower bits of a byte each, the others are
 * cut up among the upper bits.
 */
const groups: Readonly<Record<number, CodeGroup>> = {
  2: { bytes: 1, codes: [0, 2, 4, 6].map((shift) => [[0, shift, 3, 0]]) },
  4: { bytes: 1, codes: [0, 4].map((shift) => [[0, shift, 15, 0]]) },
  3: {
    bytes: 3,
    codes: [
      ...low(3, 3),
      ...[0, 1, 2].map((byte): Piece[] => [[byte, 3, 7, 0]]),
      ...[0, 1].map((i): Piece[] => [
        [i, 6, 3, 0],
        [2, 6 + i, 1, 2],
      ]),
    ],
  },
  5: {
    bytes: 5,
    codes: [
      ...low(5, 5),
      ...[0, 1].map((i): Piece[] => [
        [i, 5, 7, 0],
        [3 + i, 5, 3, 3],
      ]),
      [
        [2, 5, 7, 0],
        [4, 7, 1, 3],
        [3, 7, 1, 4],
      ],
    ],
  },
  6: {
    bytes: 3,
    codes: [
      ...low(3, 6),
      [
        [0, 6, 3, 4],
        [1, 6, 3, 2],
        [2, 6, 3, 0],
      ],
    ],
  },
  7: { bytes: 7, codes: [...low(7, 7), Array.from({ length: 7 }, (_, byte): Piece => [byte, 7, 1, 6 - byte])] },
  8: { bytes: 1, codes: [[[0, 0, 255, 0]]] },
};

/** How many codes lie together in how many bytes. */
export function groupOf(bits: number): { readonly bytes: number; readonly codes: number } {
  const { bytes, codes } = groups[bits]!;
  return { bytes, codes: codes.length };
}

/** Codes of whole groups. */
export function unpackCodes(bytes: Uint8Array, bits: number): Uint8Array {
  const { bytes: size, codes: places } = groups[bits]!;
  const count = places.length;
  const codes = new Uint8Array((bytes.length / size) * count);
  // A code at a time through all groups: its places are looked up once.
  for (const [i, pieces] of places.entries())
    for (const [byte, shift, mask, place] of pieces)
      for (let from = byte, to = i; from < bytes.length; from += size, to += count)
        codes[to] = codes[to]! | (((bytes[from]! >> shift) & mask) << place);
  return codes;
}
