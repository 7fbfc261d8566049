/** What an update adds to a weight, `[rows, columns]` with all axes but the first as one, made row by row. */
export interface UpdateMatrix {
  readonly rows: number;
  readonly columns: number;
  /** Adds a row, times a factor. @param sum `[columns]`, changed in place */
  addRow(sum: Float32Array, row: number, factor: number): void;
  /** Its product with a vector. @param vector `[columns]` @returns `[rows]` */
  times(vector: Float32Array): Float64Array;
}

/** A matrix with its size. */
export interface Matrix {
  readonly rows: number;
  readonly columns: number;
  readonly values: Float32Array;
}

/** All of it is stored. */
export function whole({ rows, columns, values }: Matrix): UpdateMatrix {
  return byRows({
    rows,
    columns,
    addRow(sum, row, factor) {
      for (let k = 0; k < columns; k++) sum[k]! += factor * values[row * columns + k]!;
    },
  });
}

/** Columns of the left matrix that are multiplied in one pass over a row: a third of the time of one by one. */
const atOnce = 4;

/** `left @ right`, as of LoRA. */
export function product(left: Matrix, right: Matrix): UpdateMatrix {
  const { rows, columns: rank, values: up } = left;
  const { columns } = right;
  const down = new Float32Array(Math.ceil(rank / atOnce) * atOnce * columns); // zeros where there are no more
  down.set(right.values);
  return {
    rows,
    columns,
    addRow(sum, row, factor) {
      for (let r = 0; r < rank; r += atOnce) {
        const of = (i: number): number => (r + i < rank ? factor * up[row * rank + r + i]! : 0);
        addRows(sum, down.subarray(r * columns), of(0), of(1), of(2), of(3));
      }
    },
    times(vector) {
      const inner = new Float64Array(rank);
      for (let r = 0; r < rank; r++) for (let k = 0; k < columns; k++) inner[r]! += down[r * columns + k]! * vector[k]!;
      return Float64Array.from({ length: rows }, (_, row) =>
        inner.reduce((sum, value, r) => sum + up[row * rank + r]! * value, 0),
      );
    },
  };
}

/** @param sum `[K]`, changed in place @param rows `[4, K]` and what follows */
function addRows(sum: Float32Array, rows: Float32Array, a: number, b: number, c: number, d: number): void {
  if (a === 0 && b === 0 && c === 0 && d === 0) return; // matrices that were trained one by one and then fused
  const { length } = sum;
  for (let k = 0; k < length; k++)
    sum[k]! += a * rows[k]! + b * rows[k + length]! + c * rows[k + 2 * length]! + d * rows[k + 3 * length]!;
}

/** `a * b`, element by element, as of LoHa. */
export function hadamard(a: UpdateMatrix, b: UpdateMatrix): UpdateMatrix {
  const { rows, columns } = a;
  const [one, other] = [new Float32Array(columns), new Float32Array(columns)];
  return byRows({
    rows,
    columns,
    addRow(sum, row, factor) {
      one.fill(0);
      other.fill(0);
      a.addRow(one, row, factor);
      b.addRow(other, row, 1);
      for (let k = 0; k < columns; k++) sum[k]! += one[k]! * other[k]!;
    },
  });
}

/** The Kronecker product, as of LoKr: `[l, m]` and `[k, n]` make `[l k, m n]`. */
export function kronecker(a: Matrix, b: Matrix): UpdateMatrix {
  const [rows, columns] = [a.rows * b.rows, a.columns * b.columns];
  return byRows({
    rows,
    columns,
    addRow(sum, row, factor) {
      const first = Math.floor(row / b.rows) * a.columns;
      const second = (row % b.rows) * b.columns;
      for (let m = 0; m < a.columns; m++) {
        const times = factor * a.values[first + m]!;
        if (times === 0) continue;
        for (let n = 0; n < b.columns; n++) sum[m * b.columns + n]! += times * b.values[second + n]!;
      }
    },
  });
}

/** All rows of an update, as a matrix. */
export function collected({ rows, columns, addRow }: UpdateMatrix): Matrix {
  const values = new Float32Array(rows * columns);
  for (let row = 0; row < rows; row++) addRow(values.subarray(row * columns, (row + 1) * columns), row, 1);
  return { rows, columns, values };
}

/** With a product that is made row by row. */
function byRows(matrix: Omit<UpdateMatrix, "times">): UpdateMatrix {
  const { rows, columns, addRow } = matrix;
  return {
    ...matrix,
    times(vector) {
      const line = new Float32Array(columns);
      return Float64Array.from({ length: rows }, (_, row) => {
        line.fill(0);
        addRow(line, row, 1);
        return line.reduce((sum, value, k) => sum + value * vector[k]!, 0);
      });
    },
  };
}
