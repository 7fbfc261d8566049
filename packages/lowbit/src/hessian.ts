/** `2 / samples * X^T X` over the rows `X` that a layer was given while it was calibrated. */
export class Hessian {
  private readonly sums: Float64Array;
  private samples = 0;

  /** @param columns the layer's inputs, K */
  constructor(readonly columns: number) {
    this.sums = new Float64Array(columns * columns);
  }

  /** Counts in what the layer was given in one pass. @param rows `[T, K]` */
  add(rows: Float32Array): void {
    const { columns, sums } = this;
    const count = rows.length / columns;
    if (!Number.isInteger(count)) throw new RangeError(`${rows.length} numbers are no rows of ${columns}`);
    const columnMajor = new Float64Array(rows.length);
    for (let row = 0; row < count; row++)
      for (let column = 0; column < columns; column++)
        columnMajor[column * count + row] = rows[row * columns + column]!;
    for (let a = 0; a < columns; a++) {
      const left = columnMajor.subarray(a * count, (a + 1) * count);
      for (let b = 0; b <= a; b++) {
        const right = columnMajor.subarray(b * count, (b + 1) * count);
        let sum = 0;
        for (let t = 0; t < count; t++) sum += left[t]! * right[t]!;
        sums[a * columns + b]! += sum;
      }
    }
    this.samples += count;
  }

  /** `[K, K]`, symmetric. */
  matrix(): Float64Array {
    const { columns, sums, samples } = this;
    const matrix = new Float64Array(columns * columns);
    for (let a = 0; a < columns; a++)
      for (let b = 0; b <= a; b++) {
        const value = (2 * sums[a * columns + b]!) / Math.max(1, samples);
        matrix[a * columns + b] = value;
        matrix[b * columns + a] = value;
      }
    return matrix;
  }
}
