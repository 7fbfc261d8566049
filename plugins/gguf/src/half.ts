/** float32 values of all float16 codes, https://en.wikipedia.org/wiki/Half-precision_floating-point_format. */
const values = Float32Array.from({ length: 2 ** 16 }, (_, code) => {
  const sign = code & 0x8000 ? -1 : 1;
  const exponent = (code >> 10) & 31;
  const fraction = code & 1023;
  if (exponent === 31) return fraction ? Number.NaN : sign * Number.POSITIVE_INFINITY;
  return sign * (exponent === 0 ? fraction * 2 ** -24 : (1 + fraction / 1024) * 2 ** (exponent - 15));
});

const float = new Float32Array(1);
const bits = new Uint32Array(float.buffer);

export function readHalf(bytes: Uint8Array, at: number): number {
  return values[bytes[at]! | (bytes[at + 1]! << 8)]!;
}

/** Rounds to nearest, ties to even. @returns the value that is stored */
export function writeHalf(bytes: Uint8Array, at: number, value: number): number {
  const code = halfOf(value);
  bytes[at] = code & 255;
  bytes[at + 1] = code >> 8;
  return values[code]!;
}

/** The float16 value nearest to a number. */
export function storedHalf(value: number): number {
  return values[halfOf(value)]!;
}

/** The float16 code nearest to a number, ties to even. */
export function halfOf(value: number): number {
  float[0] = value;
  const sign = (bits[0]! >>> 16) & 0x8000;
  const size = bits[0]! & 0x7fffffff;
  if (size > 0x7f800000) return sign | 0x7e00; // NaN
  if (size >= 0x477ff000) return sign | 0x7c00; // 65520 and above round to infinity
  if (size < 0x38800000) return sign | roundHalfEven(Math.abs(float[0]!) * 2 ** 24); // subnormal
  return sign | ((size - 0x38000000 + 0xfff + ((size >>> 13) & 1)) >>> 13);
}

/** Beyond it, doubles are whole numbers: adding it rounds, to even as all sums. */
const whole = 1.5 * 2 ** 52;

/** Whole number nearest to `value`, ties to even. Below 2^51. */
export function roundHalfEven(value: number): number {
  return value + whole - whole;
}

/** Whole number nearest to `value`, ties away from zero. */
export function roundHalfAway(value: number): number {
  return value < 0 ? -Math.floor(0.5 - value) : Math.floor(value + 0.5);
}
