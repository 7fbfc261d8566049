import { transposed } from "../../../../transposed";
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
    kept(() => (turns ? transposed(module.floats(name), height, columns) : module.floats(name)));
  const [left, right] = [part("svd_up", up), part("svd_down", down)];
  return (values, first, count) =>
    addProduct(values, left().subarray(first * rank, (first + count) * rank), right(), rank, width);
}

/** `values += left right`, row by row. */
function addProduct(values: Float32Array, left: Float32Array, right: Float32Array, rank: number, width: number): void {
  const sums = new Float64Array(width);
  const even = rank - (rank % 8);
  for (let row = 0; row * width < values.length; row++) {
    sums.fill(0);
    const factors = left.subarray(row * rank, (row + 1) * rank);
    for (let i = 0; i < even; i += 8) addEight(sums, factors, i, right, width);
    for (let i = even; i < rank; i++)
      for (let column = 0; column < width; column++) sums[column]! += factors[i]! * right[i * width + column]!;
    for (let column = 0; column < width; column++) values[row * width + column]! += sums[column]!;
  }
}

/** Eight lines at a time, written out because V8 does not unroll: 2.5 times as fast. */
function addEight(sums: Float64Array, factors: Float32Array, i: number, right: Float32Array, width: number): void {
  const [a, b, c, d] = [factors[i]!, factors[i + 1]!, factors[i + 2]!, factors[i + 3]!];
  const [e, f, g, h] = [factors[i + 4]!, factors[i + 5]!, factors[i + 6]!, factors[i + 7]!];
  for (let column = 0, at = i * width; column < width; column++, at++)
    sums[column]! +=
      a * right[at]! +
      b * right[at + width]! +
      c * right[at + 2 * width]! +
      d * right[at + 3 * width]! +
      e * right[at + 4 * width]! +
      f * right[at + 5 * width]! +
      g * right[at + 6 * width]! +
      h * right[at + 7 * width]!;
}
