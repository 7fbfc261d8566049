import { binOf, binsOf, type Nearest, nearestCode } from "./codes";

/** Codes of numbers in blocks, each with its largest absolute value. */
export interface Blocks {
  readonly codes: Uint8Array;
  readonly absmax: Float32Array;
}

/** Rounds numbers to the values of a table, scaled by the largest of each block. The last block may be short. */
export function quantizeBlocks(values: Float32Array, block: number, nearest: Nearest): Blocks {
  const codes = new Uint8Array(values.length);
  const absmax = new Float32Array(Math.ceil(values.length / block));
  const bins = nearest.codes.length <= 16 ? binsOf(nearest) : undefined;
  for (let b = 0; b < absmax.length; b++) {
    const end = Math.min((b + 1) * block, values.length);
    let most = 0;
    for (let i = b * block; i < end; i++) most = Math.max(most, Math.abs(values[i]!));
    absmax[b] = most;
    const inverse = Math.fround(1 / Math.max(most, 1e-38));
    for (let i = b * block; i < end; i++) {
      const share = Math.max(-1, Math.min(1, Math.fround(values[i]! * inverse)));
      if (bins) {
        const bin = binOf(share);
        codes[i] = share > bins.midpoints[bin]! ? bins.high[bin]! : bins.low[bin]!;
      } else codes[i] = nearestCode(nearest, share);
    }
  }
  return { codes, absmax };
}

/** Two codes a byte, the first in the high half. @param odd the code that fills up the last byte */
export function packHalves(codes: Uint8Array, odd: number): Uint8Array {
  const packed = new Uint8Array(Math.ceil(codes.length / 2));
  for (let i = 0; i < packed.length; i++) packed[i] = (codes[2 * i]! << 4) | (codes[2 * i + 1] ?? odd);
  return packed;
}

/**
 * The numbers of packed codes.
 * @param first of the elements wanted @param count how many
 * @param packed from the byte on that `first` lies in
 */
export function dequantizeHalves(
  packed: Uint8Array,
  absmax: Float32Array,
  block: number,
  table: Float32Array,
  first: number,
  count: number,
): Float32Array {
  const values = new Float32Array(count);
  const start = first & ~1;
  for (let i = 0; i < count; i++) {
    const byte = packed[(first + i - start) >> 1]!;
    const code = (first + i) & 1 ? byte & 15 : byte >> 4;
    values[i] = table[code]! * absmax[Math.floor((first + i) / block)]!;
  }
  return values;
}
