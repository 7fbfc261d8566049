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

/** @param values of the weight, `[N, K]` with all axes but the first as one; changed in place */
export function addUpdate(values: Float32Array, update: WeightUpdate, lora: WeightSource): void {
  const { factor, parts } = update;
  const [rank = 1] = lora.entry(update.down).shape;
  const down = kernel(update, lora, rank);
  const up = lora.readFloat32(update.up);
  const columns = down.length / rank;
  let start = 0;
  for (const { from, count } of parts)
    for (let row = from; row < from + count; row++, start += columns)
      for (let r = 0; r < rank; r++) {
        const times = factor * up[row * rank + r]!;
        if (times === 0) continue; // blocks of zeros, where matrices were trained one by one and then fused
        const offset = r * columns;
        for (let k = 0; k < columns; k++) values[start + k]! += times * down[offset + k]!;
      }
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
