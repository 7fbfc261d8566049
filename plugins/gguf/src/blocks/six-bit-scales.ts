/**
 * Eight scales and eight offsets of six bits in twelve bytes, as Q4_K and Q5_K have them: those of the first four groups
 * lie in the low bits of bytes 0..3 and 4..7, those of the others in nibbles of bytes 8..11 and in the high bits.
 */
export function readSixBits(bytes: Uint8Array, at: number, i: number): { scale: number; offset: number } {
  const [low, high] = [bytes[at + (i & 3)]!, bytes[at + 4 + (i & 3)]!];
  if (i < 4) return { scale: low & 63, offset: high & 63 };
  const nibbles = bytes[at + 4 + i]!;
  return { scale: (nibbles & 15) | ((low >> 6) << 4), offset: (nibbles >> 4) | ((high >> 6) << 4) };
}

export function writeSixBits(target: Uint8Array, at: number, i: number, scale: number, offset: number): void {
  if (i < 4) {
    target[at + i]! |= scale;
    target[at + 4 + i]! |= offset;
    return;
  }
  target[at + 4 + i] = (scale & 15) | ((offset & 15) << 4);
  target[at + i - 4]! |= (scale >> 4) << 6;
  target[at + i]! |= (offset >> 4) << 6;
}
