import { roundHalfEven } from "@skipstep/core/plugin";
import { roundToFloat16 } from "@skipstep/lowbit";

/** A weight `[rows, columns]` in LLM.int8's form: `code * scb / 127`. */
export interface Int8Rows {
  /** Row-major. */
  readonly codes: Int8Array;
  /** The largest absolute value of each row. */
  readonly scb: Float32Array;
}

/** Quantizes rows of a weight, which is float16 for this, https://arxiv.org/abs/2208.07339. */
export function quantizeRows(values: Float32Array, rows: number, columns: number): Int8Rows {
  const codes = new Int8Array(values.length);
  const scb = new Float32Array(rows);
  for (let row = 0; row < rows; row++) {
    const halves = values.subarray(row * columns, (row + 1) * columns).map(roundToFloat16);
    const most = halves.reduce((largest, value) => Math.max(largest, Math.abs(value)), 0);
    scb[row] = most;
    if (most === 0) continue;
    const scale = Math.fround(127 / most);
    for (let k = 0; k < columns; k++) codes[row * columns + k] = roundHalfEven(Math.fround(halves[k]! * scale));
  }
  return { codes, scb };
}

export function dequantizeRows({ codes, scb }: Int8Rows): Float32Array {
  const columns = codes.length / scb.length;
  return Float32Array.from(codes, (code, i) => Math.fround(code * scb[Math.floor(i / columns)]!) / 127);
}

/** Scales of the codes: what they are multiplied by. */
export function scalesOfRows(scb: Float32Array): Float32Array {
  return scb.map((most) => most / 127);
}
