/** Vectors of one length, float64: the columns of a tall, thin matrix. */
export type Columns = readonly Float64Array[];

/** Numbers between -1 and 1, the same at each call: a start that favours no direction. */
export function startColumns(length: number, count: number): Float64Array[] {
  let state = 0x2545f491;
  return Array.from({ length: count }, () =>
    Float64Array.from({ length }, () => {
      state ^= state << 13; // xorshift32, https://www.jstatsoft.org/article/view/v008i14
      state ^= state >>> 17;
      state ^= state << 5;
      return state / 2 ** 31;
    }),
  );
}

/** Makes columns orthonormal in place, by Gram and Schmidt, twice; those that depend on others become 0. */
export function orthonormalize(columns: Columns): void {
  for (const [i, column] of columns.entries()) {
    const size = length(column);
    for (let pass = 0; pass < 2; pass++)
      for (let j = 0; j < i; j++) {
        const other = columns[j]!;
        subtract(column, other, dot(column, other));
      }
    const left = length(column);
    const factor = left > 1e-12 * size ? 1 / left : 0;
    for (let k = 0; k < column.length; k++) column[k]! *= factor;
  }
}

export function dot(a: Float64Array, b: Float64Array): number {
  let sum = 0;
  for (let k = 0; k < a.length; k++) sum += a[k]! * b[k]!;
  return sum;
}

function length(a: Float64Array): number {
  return Math.sqrt(dot(a, a));
}

function subtract(a: Float64Array, b: Float64Array, factor: number): void {
  for (let k = 0; k < a.length; k++) a[k]! -= factor * b[k]!;
}
