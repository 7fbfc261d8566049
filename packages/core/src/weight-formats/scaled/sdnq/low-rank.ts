import { transposedFloats } from "../comfy-four-bit";
import { kept } from "../grid";
import type { StoredModule } from "../stored-module";

/** Adds to the numbers of some rows. */
type Addition = (values: Float32Array, first: number, count: number) => void;

/**
 * `svd_up svd_down`, the branch that takes up a weight's largest singular values.
 * @param isTurned how square parts lie, whose shapes do not tell
 * @throws SKIPSTEP_QUANTIZED_INVALID where they do not go with the weight
 */
export function lowRank(module: StoredModule, rows: number, width: number, isTurned: boolean): Addition | undefined {
  if (!module.has("svd_up") || !module.has("svd_down")) return undefined;
  const [up, down] = [module.entry("svd_up").shape, module.entry("svd_down").shape];
  const isPlain = up[0] === rows && down[1] === width && up[1] === down[0];
  const canTurn = up[1] === rows && down[0] === width && up[0] === down[1];
  if (!isPlain && !canTurn)
    throw module.broken(
      "svd_up",
      `is [${up.join(", ")}] and svd_down [${down.join(", ")}], for a weight [${rows}, ${width}]`,
    );
  const turns = canTurn && (isTurned || !isPlain);
  const rank = turns ? up[0]! : up[1]!;
  const part = (name: string, [height = 1, columns = 1]: readonly number[]) =>
    kept(() => (turns ? transposedFloats(module.floats(name), height, columns) : module.floats(name)));
  const [left, right] = [part("svd_up", up), part("svd_down", down)];
  return (values, first, count) =>
    addProduct(values, left().subarray(first * rank, (first + count) * rank), right(), rank, width);
}

/** `values += left right`, row by row. */
function addProduct(values: Float32Array, left: Float32Array, right: Float32Array, rank: number, width: number): void {
  const sums = new Float64Array(width);
  for (let row = 0; row * width < values.length; row++) {
    sums.fill(0);
    for (let i = 0; i < rank; i++) {
      const factor = left[row * rank + i]!;
      const line = i * width;
      for (let column = 0; column < width; column++) sums[column]! += factor * right[line + column]!;
    }
    for (let column = 0; column < width; column++) values[row * width + column]! += sums[column]!;
  }
}
