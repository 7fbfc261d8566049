import type { WeightSource } from "../checkpoint/weight-source";
import type { RowRange } from "../single-file/recipe";

/** A LoRA's part in one weight: `factor * up @ down` is added to it. */
export interface WeightUpdate {
  /** The LoRA's file, and tensors in it. */
  readonly file: string;
  readonly down: string;
  readonly up: string;
  readonly mid?: string;
  /** `scale * alpha / rank` */
  readonly factor: number;
  /** Rows of `up` that the weight's rows take. */
  readonly parts: readonly Pick<RowRange, "from" | "count">[];
}

/** Columns of `up` that are multiplied in one pass over a row: a third of the time of one by one. */
const atOnce = 4;

/** @param values of the weight, `[N, K]` with all axes but the first as one; changed in place */
export function addUpdate(values: Float32Array, update: WeightUpdate, lora: WeightSource): void {
  const { factor, parts } = update;
  const [rank = 1] = lora.entry(update.down).shape;
  const product = kernel(update, lora, rank);
  const columns = product.length / rank;
  const down = new Float32Array(Math.ceil(rank / atOnce) * atOnce * columns); // zeros where there are no more
  down.set(product);
  const up = lora.readFloat32(update.up);
  let start = 0;
  for (const { from, count } of parts)
    for (let row = from; row < from + count; row++, start += columns)
      for (let r = 0; r < rank; r += atOnce) {
        const times = (i: number): number => (r + i < rank ? factor * up[row * rank + r + i]! : 0);
        addRows(
          values.subarray(start, start + columns),
          down.subarray(r * columns),
          times(0),
          times(1),
          times(2),
          times(3),
        );
      }
}

/** @param sum `[K]`, changed in place @param rows `[4, K]` and what follows */
function addRows(sum: Float32Array, rows: Float32Array, a: number, b: number, c: number, d: number): void {
  if (a === 0 && b === 0 && c === 0 && d === 0) return; // matrices that were trained one by one and then fused
  const { length } = sum;
  for (let k = 0; k < length; k++)
    sum[k]! += a * rows[k]! + b * rows[k + length]! + c * rows[k + 2 * length]! + d * rows[k + 3 * length]!;
}

/** `down` as `[r, K]`; with the kernel between the two multiplied in, where there is one. */
function kernel({ down, mid }: WeightUpdate, lora: WeightSource, rank: number): Float32Array {
  const values = lora.readFloat32(down);
  if (mid === undefined) return values;
  const between = lora.readFloat32(mid); // [r, r, kh, kw]
  const inputs = values.length / rank;
  const pixels = between.length / rank ** 2;
  const result = new Float32Array(rank * inputs * pixels);
  for (let a = 0; a < rank; a++)
    for (let b = 0; b < rank; b++)
      for (let input = 0; input < inputs; input++)
        for (let pixel = 0; pixel < pixels; pixel++)
          result[(a * inputs + input) * pixels + pixel]! +=
            between[(a * rank + b) * pixels + pixel]! * values[b * inputs + input]!;
  return result;
}
