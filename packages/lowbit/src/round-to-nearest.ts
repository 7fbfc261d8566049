import { roundHalfEven } from "@skipstep/core/plugin";
import {
  codeRange,
  groupOf,
  groupsPerRow,
  type Rounded,
  type RoundingOptions,
  type Scales,
  scaleIndex,
} from "./rounded";

/** Rounds each element to the nearest code. @param values `[rows, columns]`, row-major */
export function roundToNearest(values: Float32Array, rows: number, columns: number, options: RoundingOptions): Rounded {
  return roundWith(values, scalesOf(values, rows, columns, options));
}

/** Rounds with scales that are given. */
export function roundWith(values: Float32Array, scales: Scales): Rounded {
  const { rows, columns, scheme } = scales;
  const codes = scheme === "asymmetric" ? new Uint8Array(rows * columns) : new Int8Array(rows * columns);
  const group = groupOf(scales);
  const [least, most] = codeRange(scales);
  for (let row = 0; row < rows; row++)
    for (let from = 0, g = 0; from < columns; from += group, g++) {
      const at = scaleIndex(scales, row, g);
      const scale = scales.scales[at]!;
      const zero = scales.zeroPoints?.[at] ?? 0;
      const end = row * columns + Math.min(from + group, columns);
      // `coder`, written out: a call an element would take four times as long.
      for (let i = row * columns + from; i < end; i++) {
        const code = scale === 0 ? zero : roundHalfEven(Math.fround(values[i]! / scale)) + zero;
        codes[i] = Math.max(least, Math.min(most, code));
      }
    }
  return { ...scales, codes };
}

/** Code of a number under one of the scales. All arithmetic is that of float32, so that codes equal torch's. */
export function coder(scales: Scales, at: number): (value: number) => number {
  const [least, most] = codeRange(scales);
  const scale = scales.scales[at]!;
  const zero = scales.zeroPoints?.[at] ?? 0;
  if (scale === 0) return () => zero;
  return (value) => {
    const code = roundHalfEven(Math.fround(value / scale)) + zero;
    return Math.max(least, Math.min(most, code));
  };
}

/** The scales of the largest values, and zero points that let 0 be exact. */
export function scalesOf(values: Float32Array, rows: number, columns: number, options: RoundingOptions): Scales {
  const of = { ...options, rows, columns };
  const count = options.per === "tensor" ? 1 : rows * groupsPerRow(of);
  const scales = new Float32Array(count);
  const zeroPoints = new Uint8Array(options.scheme === "asymmetric" ? count : 0);
  const length = options.per === "tensor" ? rows * columns : groupOf(of);
  for (let at = 0; at < count; at++) {
    const { from, end } = options.per === "tensor" ? { from: 0, end: length } : place(of, at);
    const { lowest, highest } = extremes(values, from, end);
    const { scale, zeroPoint } = scaleFor(lowest, highest, options);
    scales[at] = scale;
    if (options.scheme === "asymmetric") zeroPoints[at] = zeroPoint;
  }
  return { ...of, scales, ...(options.scheme === "asymmetric" ? { zeroPoints } : {}) };
}

function place(of: Omit<Scales, "scales">, at: number): { from: number; end: number } {
  const groups = groupsPerRow(of);
  const row = Math.floor(at / groups);
  const from = row * of.columns + (at % groups) * groupOf(of);
  return { from, end: Math.min(from + groupOf(of), (row + 1) * of.columns) };
}

function extremes(values: Float32Array, from: number, end: number): { lowest: number; highest: number } {
  let [lowest, highest] = [0, 0];
  for (let i = from; i < end; i++) {
    const value = values[i]!;
    if (value < lowest) lowest = value;
    else if (value > highest) highest = value;
  }
  return { lowest, highest };
}

/** The scale under which a range of values just fits into the codes. @param lowest at most 0 @param highest at least 0 */
export function scaleFor(
  lowest: number,
  highest: number,
  { bits, scheme }: Pick<RoundingOptions, "bits" | "scheme">,
): { readonly scale: number; readonly zeroPoint: number } {
  if (scheme === "asymmetric") {
    const levels = 2 ** bits - 1;
    if (lowest === highest) return { scale: 1, zeroPoint: 0 };
    const scale = Math.fround(Math.fround(highest - lowest) / levels);
    return { scale, zeroPoint: Math.min(levels, Math.max(0, roundHalfEven(Math.fround(-lowest / scale)))) };
  }
  const most = Math.max(-lowest, highest);
  if (scheme === "symmetric") return { scale: Math.fround(most / (2 ** (bits - 1) - 1)), zeroPoint: 0 };
  return { scale: Math.fround((most === -lowest ? lowest : highest) / -(2 ** (bits - 1))), zeroPoint: 0 };
}
