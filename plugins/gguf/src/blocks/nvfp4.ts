import type { BlockType } from "./block-type";
import { fourBitFloats } from "./mxfp4";

/** Four unsigned eight-bit floats (four exponent bits), 64 nibbles in runs of 16: `scale / 2 * float`. */
export const nvfp4: BlockType = {
  name: "NVFP4",
  id: 40,
  size: 64,
  byteLength: 36,
  group: 16,
  range: [-12, 12],
  hasMinima: false,
  unpack(bytes, at, index, { codes, scales }) {
    for (let s = 0; s < 4; s++) {
      scales[4 * index + s] = scaleOf(bytes[at + s]!) / 2;
      for (let i = 0; i < 8; i++) {
        const byte = bytes[at + 4 + 8 * s + i]!;
        codes[64 * index + 16 * s + i] = fourBitFloats[byte & 15]!;
        codes[64 * index + 16 * s + 8 + i] = fourBitFloats[byte >> 4]!;
      }
    }
  },
};

function scaleOf(code: number): number {
  const exponent = (code >> 3) & 15;
  const fraction = code & 7;
  if (code === 0 || code === 0x7f) return 0;
  return exponent === 0 ? fraction * 2 ** -9 : (1 + fraction / 8) * 2 ** (exponent - 7);
}
