import { type Dim, type Graph, minus, over, plus, times, type Value } from "@skipstep/core/plugin";

/** What a convolution sees of a picture at each of its places. */
export interface Window {
  readonly rows: number;
  readonly columns: number;
  readonly stride: number;
  /** Around the picture: top, left, bottom, right. */
  readonly padding: readonly [number, number, number, number];
}

export function isPointwise({ rows, columns, stride, padding }: Window): boolean {
  return rows === 1 && columns === 1 && stride === 1 && padding.every((side) => side === 0);
}

/** Places of a window high and wide. */
export function placesOf({ rows, columns, stride, padding }: Window, height: Dim, width: Dim): [Dim, Dim] {
  const [top, left, bottom, right] = padding;
  const places = (length: Dim, window: number): Dim => over(plus(minus(length, window), stride), stride);
  return [places(plus(height, top + bottom), rows), places(plus(width, left + right), columns)];
}

/** Zeros around a picture. @param zero what stands for 0, a scalar of the same type @param x `[B, H, W, C]` */
export function padded(g: Graph, x: Value, zero: Value, [top, left, bottom, right]: Window["padding"]): Value {
  const [batch, height, width, channels] = x.shape as [Dim, Dim, Dim, Dim];
  if (top + left + bottom + right === 0) return x;
  const pads = g.constant([0, top, left, 0, 0, bottom, right, 0], undefined, "int64");
  return g.node("Pad", [x, pads, zero], [batch, plus(height, top + bottom), plus(width, left + right), channels]);
}

/**
 * The pixels under a window at each of its places, row by row, next to one another: a convolution is their product with
 * a matrix. First the columns of a window are joined, then its rows, so that what is copied is whole rows of the picture.
 * @param x `[B, H, W, C]` @param zero what stands for 0 around it, a scalar of the same type
 * @returns `[B, H', W', rows columns C]`
 */
export function patches(g: Graph, x: Value, zero: Value, window: Window): Value {
  const { rows, columns, stride, padding } = window;
  const [high, wide] = placesOf(window, x.shape[1]!, x.shape[2]!);
  const around = padded(g, x, zero, padding);
  const joined = g.concat(shifted(g, around, 2, columns, wide, stride), -1);
  return g.concat(shifted(g, joined, 1, rows, high, stride), -1);
}

/** `x` from each position in the window on, in steps of the stride. */
function shifted(g: Graph, x: Value, axis: number, window: number, count: Dim, stride: number): Value[] {
  return Array.from({ length: window }, (_, begin) => {
    if (window === 1 && stride === 1) return x;
    const end = plus(begin + 1, times(minus(count, 1), stride));
    const shape = x.shape.map((dim, i) => (i === axis ? count : dim));
    const [axes, by] = [[axis], [stride]].map((numbers) => g.constant(numbers, undefined, "int64"));
    return g.node("Slice", [x, g.sizes([begin]), g.sizes([end]), axes, by], shape);
  });
}

/** `0, by, 2 by, ...`. @returns int64 `[count]` */
export function steps(g: Graph, count: Dim, by: Dim): Value {
  const whole = (dim: Dim): Value => g.reshape(g.sizes([dim]), []);
  return g.mul(g.node("Range", [whole(0), whole(count), whole(1)], [count]), g.sizes([by]));
}

/**
 * Where the pixels under a window lie, row by row, at each of its places in some rows, counted from the first.
 * @param width pixels of a row of the picture with what is around it
 * @param enlarged the window moves over a picture of twice the height and width, each pixel of which is one of this
 * @returns int64 `[rows columns kh kw]`
 */
export function windowPixels(
  g: Graph,
  window: Window,
  [rows, columns]: readonly [Dim, Dim],
  width: Dim,
  enlarged: boolean,
): Value {
  const along = (count: Dim, size: number): Value => {
    const places = g.reshape(steps(g, count, window.stride), [count, 1]);
    const within = g.constant(
      Array.from({ length: size }, (_, i) => i + (enlarged ? 1 : 0)),
      [1, size],
      "int64",
    );
    const sum = g.add(places, within); // [count, size]
    return enlarged ? g.div(sum, g.constant(2, [], "int64")) : sum;
  };
  const [high, wide] = [along(rows, window.rows), along(columns, window.columns)];
  const inRows = g.reshape(g.mul(high, g.sizes([width])), [rows, 1, window.rows, 1]);
  const all = g.add(inRows, g.reshape(wide, [1, columns, 1, window.columns]));
  return g.reshape(all, [times(times(rows, columns), window.rows * window.columns)]);
}
