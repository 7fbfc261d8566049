/** Of 32 elements in 16 bytes: element j lies in the low half of byte j, element j + 16 in its high half. */

export function readNibbles(bytes: Uint8Array, at: number, read: (nibble: number, element: number) => void): void {
  for (let j = 0; j < 16; j++) {
    const byte = bytes[at + j]!;
    read(byte & 15, j);
    read(byte >> 4, j + 16);
  }
}

/** @param codes 32 of them, whose low four bits count */
export function writeNibbles(target: Uint8Array, at: number, codes: ArrayLike<number>, from = 0): void {
  for (let j = 0; j < 16; j++) target[at + j] = (codes[from + j]! & 15) | ((codes[from + j + 16]! & 15) << 4);
}

/** Bit e of a 32-bit word is the fifth bit of element e. */
export function writeFifthBits(target: Uint8Array, at: number, codes: ArrayLike<number>): void {
  for (let e = 0; e < 32; e++) target[at + (e >> 3)]! |= ((codes[e]! >> 4) & 1) << (e & 7);
}
