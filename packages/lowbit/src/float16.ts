import { roundHalfEven, toFloat32 } from "@skipstep/core/plugin";

const float = new Float32Array(1);
const bits = new Uint32Array(float.buffer);

/** Of all codes; made when the first is asked for. */
let values: Float32Array | undefined;

/** The float16 code nearest to a number, ties to even. */
export function float16Code(value: number): number {
  float[0] = value;
  const sign = (bits[0]! >>> 16) & 0x8000;
  const size = bits[0]! & 0x7fffffff;
  if (size > 0x7f800000) return sign | 0x7e00; // NaN
  if (size >= 0x477ff000) return sign | 0x7c00; // 65520 and above round to infinity
  if (size < 0x38800000) return sign | roundHalfEven(Math.abs(float[0]!) * 2 ** 24); // subnormal
  return sign | ((size - 0x38000000 + 0xfff + ((size >>> 13) & 1)) >>> 13);
}

/** The number that a float16 code stands for. */
export function float16Value(code: number): number {
  values ??= toFloat32(new Uint8Array(Uint16Array.from({ length: 2 ** 16 }, (_, code) => code).buffer), "float16");
  return values[code]!;
}

/** The float16 nearest to a number. */
export function roundToFloat16(value: number): number {
  return float16Value(float16Code(value));
}

/** Numbers as they come back from float16. */
export function throughFloat16(values: Float32Array): Float32Array {
  return values.map(roundToFloat16);
}
