import type { DType } from "../../../../tensor";

/** A type of SDNQ's, https://github.com/Disty0/sdnq: whole numbers and small floats without infinities. */
export interface ElementType {
  /** `uint4`, `float6_e3m2fn` */
  readonly name: string;
  readonly bits: number;
  /** Has a zero point beside its scale. */
  readonly isUnsigned: boolean;
  /** The values of its codes, for types that lie packed in bytes; missing for those that torch has. */
  readonly table?: Float32Array;
}

/** Types that torch has: their elements are stored as they are. */
const stored: readonly DType[] = [
  "float16",
  "bfloat16",
  "int8",
  "uint8",
  "int16",
  "uint16",
  "int32",
  "float8_e4m3fn",
  "float8_e5m2",
];

const shorthands: Readonly<Record<string, string>> = {
  fp8: "float8_e4m3fn",
  fp7: "float7_e3m3fn",
  fp6: "float6_e3m2fn",
  fp5: "float5_e2m2fn",
  fp4: "float4_e2m1fn",
  fp3: "float3_e1m1fn",
  fp2: "float2_e1m0fn",
  ufp8: "float8_e4m4fnu",
  ufp7: "float7_e3m4fnu",
  ufp6: "float6_e3m3fnu",
  ufp5: "float5_e2m3fnu",
  ufp4: "float4_e2m2fnu",
  ufp3: "float3_e1m2fnu",
  ufp2: "float2_e1m1fnu",
};

/** @returns `undefined` for a name that is none of SDNQ's types of 2 to 8 bits, or of whole numbers of 16 and 32 */
export function elementType(text: string): ElementType | undefined {
  const name = shorthands[text] ?? text;
  if (stored.includes(name as DType)) return storedType(name);
  const [, u, width] = /^(u?)int([2-7])$/.exec(name) ?? [];
  if (width !== undefined) return wholeNumbers(name, Number(width), u === "u");
  const [, bits, exponent, fraction, unsigned] = /^float([2-8])_e(\d)m(\d)fn(u?)(?:_sdnq)?$/.exec(name) ?? [];
  return bits === undefined
    ? undefined
    : floats(name, Number(bits), Number(exponent), Number(fraction), unsigned === "u");
}

function storedType(name: string): ElementType {
  return { name, bits: Number(/\d+/.exec(name)![0]), isUnsigned: name.startsWith("u") };
}

/** Signed codes have their least value taken away. */
function wholeNumbers(name: string, bits: number, isUnsigned: boolean): ElementType {
  const least = isUnsigned ? 0 : -(2 ** (bits - 1));
  return { name, bits, isUnsigned, table: Float32Array.from({ length: 2 ** bits }, (_, code) => code + least) };
}

function floats(
  name: string,
  bits: number,
  exponentBits: number,
  fractionBits: number,
  isUnsigned: boolean,
): ElementType {
  const bias = 2 ** (exponentBits - 1) - 1;
  const magnitudes = 2 ** (exponentBits + fractionBits);
  const table = Float32Array.from({ length: 2 ** bits }, (_, code) => {
    const magnitude = code % magnitudes;
    const exponent = magnitude >> fractionBits;
    const fraction = magnitude % 2 ** fractionBits;
    const steps = exponent === 0 ? fraction : fraction + 2 ** fractionBits;
    const value = steps * 2 ** (Math.max(exponent, 1) - bias - fractionBits);
    return code >= magnitudes ? -value : value;
  });
  return { name, bits, isUnsigned, table };
}
