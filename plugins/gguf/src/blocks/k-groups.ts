/**
 * Where the two-bit types (Q2_K, Q3_K, TQ2_0) and the high bits of Q6_K keep element e of 256: e = 128 n + 32 j + l lies
 * in byte 32 n + l, at bits 2 j.
 */
export function readPairs(bytes: Uint8Array, at: number, read: (pair: number, element: number) => void): void {
  for (let e = 0; e < 256; e++) read((bytes[at + pairByte(e)]! >> pairShift(e)) & 3, e);
}

export function writePairs(target: Uint8Array, at: number, codes: ArrayLike<number>): void {
  for (let e = 0; e < 256; e++) target[at + pairByte(e)]! |= (codes[e]! & 3) << pairShift(e);
}

function pairByte(e: number): number {
  return 32 * (e >> 7) + (e & 31);
}

function pairShift(e: number): number {
  return 2 * ((e >> 5) & 3);
}
