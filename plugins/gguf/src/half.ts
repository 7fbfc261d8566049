import { float16Code, float16Value } from "@skipstep/lowbit";

export function readHalf(bytes: Uint8Array, at: number): number {
  return float16Value(bytes[at]! | (bytes[at + 1]! << 8));
}

/** Rounds to nearest, ties to even. @returns the value that is stored */
export function writeHalf(bytes: Uint8Array, at: number, value: number): number {
  const code = float16Code(value);
  bytes[at] = code & 255;
  bytes[at + 1] = code >> 8;
  return float16Value(code);
}

/** Whole number nearest to `value`, ties away from zero. */
export function roundHalfAway(value: number): number {
  return value < 0 ? -Math.floor(0.5 - value) : Math.floor(value + 0.5);
}
