import type { SmallModel } from "./small-model";

/** Elements that one sum of a kernel adds up: sums of sums lose less to rounding, and more threads work on them. */
const mostInSum = 512;

/** One number of each row of `width` elements. @returns `[size / width]` */
export function rows(g: SmallModel, op: string, value: string, size: number, width: number): string {
  return g.add(op, [g.reshape(value, [size / width, width]), g.wholes(1)], { keepdims: 0 });
}

/** One number of all elements, in rounds. @param op reduces what goes in; what comes of it is reduced by `then` @returns `[1]` */
export function total(g: SmallModel, op: string, value: string, size: number, then = "ReduceSum"): string {
  const width = Math.min(size, mostInSum);
  const count = Math.ceil(size / width);
  const reduced = rows(g, op, padded(g, value, size, count * width, then), count * width, width);
  return count === 1 ? reduced : total(g, then, reduced, count, then);
}

/** Grown to `most` elements: by zeros where they are summed up, by some of its own where the largest is sought. */
function padded(g: SmallModel, value: string, size: number, most: number, then: string): string {
  const missing = most - size;
  if (missing === 0) return value;
  const flat = g.reshape(value, [size]);
  const zeros = new Array<number>(missing).fill(0);
  const more =
    then === "ReduceSum"
      ? g.floats([missing], zeros)
      : g.add("Slice", [flat, g.wholes(0), g.wholes(missing), g.wholes(0)]);
  return g.add("Concat", [flat, more], { axis: 0 });
}

export function numbers(g: SmallModel, values: readonly string[]): string {
  return g.add("Concat", values, { axis: 0 });
}
