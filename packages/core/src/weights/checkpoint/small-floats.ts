import type { DType } from "../../tensor";

/** Floats short enough to be looked up. */
export type FloatFormat = Extract<DType, "float16" | "float8_e4m3fn" | "float8_e5m2">;

interface Layout {
  readonly exponentBits: number;
  readonly fractionBits: number;
  /** Whether the largest exponent means infinity and NaN, as in IEEE 754; else only all ones is NaN. */
  readonly infinity: boolean;
}

/** IEEE 754 half; OCP 8-bit floats, https://arxiv.org/abs/2209.05433, table 1. */
const layouts: Readonly<Record<FloatFormat, Layout>> = {
  float16: { exponentBits: 5, fractionBits: 10, infinity: true },
  float8_e4m3fn: { exponentBits: 4, fractionBits: 3, infinity: false },
  float8_e5m2: { exponentBits: 5, fractionBits: 2, infinity: true },
};

/** The float32 bits of every code of a format: 65536 for float16, 256 for float8. */
export function float32BitsOf(format: FloatFormat): Uint32Array {
  const layout = layouts[format];
  const positives = 1 << (layout.exponentBits + layout.fractionBits);
  const bits = new Uint32Array(2 * positives);
  for (let code = 0; code < positives; code++) {
    const positive = widen(code, layout);
    bits[code] = positive;
    bits[code + positives] = positive | (1 << 31);
  }
  return bits;
}

const float = new Float32Array(1);
const floatBits = new Uint32Array(float.buffer);

/** @param code without its sign bit */
function widen(code: number, { exponentBits, fractionBits, infinity }: Layout): number {
  const exponent = code >> fractionBits;
  const fraction = code & ((1 << fractionBits) - 1);
  const bias = (1 << (exponentBits - 1)) - 1;
  const largest = (1 << exponentBits) - 1;
  const isSpecial = exponent === largest && (infinity || fraction === (1 << fractionBits) - 1);
  // The fraction of a NaN keeps its place below the exponent, so NaNs stay apart.
  if (isSpecial) return 0x7f800000 | (fraction << (23 - fractionBits));

  const steps = exponent === 0 ? fraction : fraction + (1 << fractionBits); // subnormals have no leading one
  float[0] = steps * 2 ** (Math.max(exponent, 1) - bias - fractionBits);
  return floatBits[0]!;
}
