const word = new Uint32Array(1);
const float = new Float32Array(word.buffer);

export function readWord(bytes: Uint8Array, at: number): number {
  return (bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24)) >>> 0;
}

export function readShort(bytes: Uint8Array, at: number): number {
  return bytes[at]! | (bytes[at + 1]! << 8);
}

export function readFloat(bytes: Uint8Array, at: number): number {
  word[0] = readWord(bytes, at);
  return float[0]!;
}
