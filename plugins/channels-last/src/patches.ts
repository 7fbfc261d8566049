import { type Dim, type Graph, minus, over, plus, times, type Value } from "@skipstep/core/plugin";

/** What a convolution sees of a picture at each of its places. */
export interface Window {
  readonly rows: number;
  readonly columns: number;
  readonly stride: number;
  /** Around the picture: top, left, bottom, right. */
  readonly padding: readonly [number, number, number, number];
}

/**
 * The pixels under a window at each of its places, row by row, next to one another: a convolution is their product with
 * a matrix. First the columns of a window are joined, then its rows, so that what is copied is whole rows of the picture.
 * @param x `[B, H, W, C]` @param zero what stands for 0 around it, a scalar of the same type
 * @returns `[B, H', W', rows columns C]`
 */
export function patches(g: Graph, x: Value, zero: Value, { rows, columns, stride, padding }: Window): Value {
  const padded = pad(g, x, zero, padding);
  const [, height, width] = padded.shape as [Dim, Dim, Dim];
  const wide = g.concat(shifted(g, padded, 2, columns, places(width, columns, stride), stride), -1);
  return g.concat(shifted(g, wide, 1, rows, places(height, rows, stride), stride), -1);
}

/** How often a window fits along an axis. */
function places(length: Dim, window: number, stride: number): Dim {
  return over(plus(minus(length, window), stride), stride);
}

/** `x` from each position in the window on, in steps of the stride. */
function shifted(g: Graph, x: Value, axis: number, window: number, count: Dim, stride: number): Value[] {
  return Array.from({ length: window }, (_, begin) => {
    if (window === 1 && stride === 1) return x;
    const end = plus(begin + 1, times(minus(count, 1), stride));
    const shape = x.shape.map((dim, i) => (i === axis ? count : dim));
    const [axes, steps] = [[axis], [stride]].map((numbers) => g.constant(numbers, undefined, "int64"));
    return g.node("Slice", [x, g.sizes([begin]), g.sizes([end]), axes, steps], shape);
  });
}

function pad(g: Graph, x: Value, zero: Value, [top, left, bottom, right]: Window["padding"]): Value {
  const [batch, height, width, channels] = x.shape as [Dim, Dim, Dim, Dim];
  if (top + left + bottom + right === 0) return x;
  const pads = g.constant([0, top, left, 0, 0, bottom, right, 0], undefined, "int64");
  return g.node("Pad", [x, pads, zero], [batch, plus(height, top + bottom), plus(width, left + right), channels]);
}
