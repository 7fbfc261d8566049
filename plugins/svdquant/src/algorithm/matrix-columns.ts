import type { Matrix } from "@skipstep/lowbit";
import type { Columns } from "./columns";

/**
 * `A q` for each column `q`. Four rows by two columns at a time, so that six loads serve eight products: V8 neither
 * unrolls nor blocks.
 * @param given of length `columns` @returns of length `rows`
 */
export function timesColumns({ values, rows, columns }: Matrix, given: Columns): Float64Array[] {
  const result = given.map(() => new Float64Array(rows));
  for (let row = 0; row < rows; row += 4) {
    const [a0, a1, a2, a3] = fourRows(values, rows, columns, row);
    for (let j = 0; j < given.length; j += 2) {
      const q = given[j]!;
      const r = given[Math.min(j + 1, given.length - 1)]!;
      let q0 = 0;
      let q1 = 0;
      let q2 = 0;
      let q3 = 0;
      let r0 = 0;
      let r1 = 0;
      let r2 = 0;
      let r3 = 0;
      for (let k = 0; k < columns; k++) {
        const x = q[k]!;
        const y = r[k]!;
        const w0 = a0[k]!;
        const w1 = a1[k]!;
        const w2 = a2[k]!;
        const w3 = a3[k]!;
        q0 += w0 * x;
        q1 += w1 * x;
        q2 += w2 * x;
        q3 += w3 * x;
        r0 += w0 * y;
        r1 += w1 * y;
        r2 += w2 * y;
        r3 += w3 * y;
      }
      put(result[j]!, row, q0, q1, q2, q3);
      if (j + 1 < given.length) put(result[j + 1]!, row, r0, r1, r2, r3);
    }
  }
  return result;
}

/** `A^T y` for each column `y`. @param given of length `rows` @returns of length `columns` */
export function transposedTimesColumns({ values, rows, columns }: Matrix, given: Columns): Float64Array[] {
  const result = given.map(() => new Float64Array(columns));
  for (let row = 0; row < rows; row += 4) {
    const [a0, a1, a2, a3] = fourRows(values, rows, columns, row);
    for (let j = 0; j < given.length; j += 2) {
      const [y, z] = [given[j]!, given[Math.min(j + 1, given.length - 1)]!];
      const [target, other] = [result[j]!, j + 1 < given.length ? result[j + 1]! : new Float64Array(columns)];
      const [y0, y1, y2, y3] = four(y, row);
      const [z0, z1, z2, z3] = four(z, row);
      for (let k = 0; k < columns; k++) {
        const w0 = a0[k]!;
        const w1 = a1[k]!;
        const w2 = a2[k]!;
        const w3 = a3[k]!;
        target[k]! += w0 * y0 + w1 * y1 + w2 * y2 + w3 * y3;
        other[k]! += w0 * z0 + w1 * z1 + w2 * z2 + w3 * z3;
      }
    }
  }
  return result;
}

/** As float64, so that they are converted once for all columns. Rows past the end are the last one again. */
function fourRows(
  values: Float32Array,
  rows: number,
  columns: number,
  first: number,
): [Float64Array, Float64Array, Float64Array, Float64Array] {
  const row = (i: number): Float64Array => {
    const from = Math.min(first + i, rows - 1) * columns;
    return new Float64Array(values.subarray(from, from + columns));
  };
  return [row(0), row(1), row(2), row(3)];
}

/** Elements past the end count as 0. */
function four(values: Float64Array, at: number): [number, number, number, number] {
  return [values[at] ?? 0, values[at + 1] ?? 0, values[at + 2] ?? 0, values[at + 3] ?? 0];
}

/** Writes past the end are lost, as typed arrays do. */
function put(target: Float64Array, at: number, a: number, b: number, c: number, d: number): void {
  target[at] = a;
  target[at + 1] = b;
  target[at + 2] = c;
  target[at + 3] = d;
}

/** At most so many rows, at equal distances. */
export function someRows({ values, rows, columns }: Matrix, most: number): Matrix {
  if (rows <= most) return { values, rows, columns };
  const taken = new Float32Array(most * columns);
  for (let i = 0; i < most; i++) {
    const from = Math.floor((i * rows) / most) * columns;
    taken.set(values.subarray(from, from + columns), i * columns);
  }
  return { values: taken, rows: most, columns };
}
