import { roundHalfEven } from "@skipstep/core/plugin";
import { readHalf, writeHalf } from "../half";
import { extremeOf } from "../rounding/extreme";
import { clampedCode, searchSigned } from "../rounding/signed-search";
import type { BlockType } from "./block-type";
import { readPairs, writePairs } from "./k-groups";

/** 256 nibbles, 256 pairs of high bits, 16 scales of eight bits, d: `d scale (q - 32)`. */
export const q6_k: BlockType = {
  name: "Q6_K",
  id: 14,
  size: 256,
  byteLength: 210,
  group: 16,
  range: [-32, 31],
  hasMinima: false,
  unpack(bytes, at, index, { codes, scales }) {
    const d = readHalf(bytes, at + 208);
    for (let i = 0; i < 16; i++) scales[16 * index + i] = d * ((bytes[at + 192 + i]! << 24) >> 24);
    readPairs(bytes, at + 128, (pair, e) => {
      const low = (bytes[at + nibbleByte(e)]! >> nibbleShift(e)) & 15;
      codes[256 * index + e] = (low | (pair << 4)) - 32;
    });
  },
  pack(values, target, importance) {
    const weights = importance ?? values.map((x) => x * x);
    const scales = Float32Array.from({ length: 16 }, (_, i) =>
      searchSigned(values.subarray(16 * i, 16 * i + 16), weights.subarray(16 * i, 16 * i + 16), 32),
    );
    const largest = extremeOf(scales);
    if (Math.abs(largest) < 1e-15) return;
    const d = writeHalf(target, 208, largest / -128);
    for (const [i, scale] of scales.entries()) target[192 + i] = Math.min(127, roundHalfEven((-128 / largest) * scale));
    const codes = Uint8Array.from(values, (x, e) => {
      const scale = d * ((target[192 + (e >> 4)]! << 24) >> 24);
      return scale === 0 ? 32 : clampedCode(x / scale, 32) + 32;
    });
    for (const [e, code] of codes.entries()) target[nibbleByte(e)]! |= (code & 15) << nibbleShift(e);
    writePairs(
      target,
      128,
      codes.map((code) => code >> 4),
    );
  },
};

/** e = 128 n + 32 j + l: byte 64 n + 32 (j & 1) + l, the high half for j = 2, 3. */
function nibbleByte(e: number): number {
  return 64 * (e >> 7) + (e & 63);
}

function nibbleShift(e: number): number {
  return 4 * ((e >> 6) & 1);
}
