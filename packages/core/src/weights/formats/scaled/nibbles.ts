/** Values of four bits with a sign, two exponent bits and one of fraction (E2M1, OCP MX 1.0), by their codes. */
export const fourBitFloats = Float32Array.of(0, 0.5, 1, 1.5, 2, 3, 4, 6, -0, -0.5, -1, -1.5, -2, -3, -4, -6);

/** Whole numbers of four bits in two's complement, and as codes less 8. */
export const fourBitSigned = Float32Array.of(0, 1, 2, 3, 4, 5, 6, 7, -8, -7, -6, -5, -4, -3, -2, -1);
export const fourBitOffset = Float32Array.from({ length: 16 }, (_, code) => code - 8);

/** The numbers of codes that lie in twos in a byte. @param order which half is the first of the two */
export function unpackNibbles(bytes: Uint8Array, table: Float32Array, order: "low first" | "high first"): Float32Array {
  const values = new Float32Array(2 * bytes.length);
  const [first, second] = order === "low first" ? [0, 4] : [4, 0];
  for (let i = 0; i < bytes.length; i++) {
    values[2 * i] = table[(bytes[i]! >> first) & 15]!;
    values[2 * i + 1] = table[(bytes[i]! >> second) & 15]!;
  }
  return values;
}
