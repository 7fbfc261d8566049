import type { Dim, Graph, Value } from "@skipstep/core/plugin";

type Shape = readonly Dim[];

/** `[B, C, ...]` to `[B, ..., C]`. */
export function shapeToLast([batch, channels, ...area]: Shape): Dim[] {
  return [batch!, ...area, channels!];
}

/** `[B, ..., C]` to `[B, C, ...]`. */
export function shapeToFirst(shape: Shape): Dim[] {
  return [shape[0]!, shape.at(-1)!, ...shape.slice(1, -1)];
}

export function toLast(g: Graph, x: Value): Value {
  const shape = shapeToLast(x.shape);
  return isPoint(x.shape, "first") ? g.reshape(x, shape) : g.transpose(x, orderToLast(shape.length));
}

export function toFirst(g: Graph, x: Value): Value {
  const shape = shapeToFirst(x.shape);
  return isPoint(x.shape, "last") ? g.reshape(x, shape) : g.transpose(x, orderToFirst(shape.length));
}

/** True for one pixel: both layouts have the same elements in the same order. */
export function isPoint(shape: Shape, layout: "first" | "last"): boolean {
  const area = layout === "first" ? shape.slice(2) : shape.slice(1, -1);
  return area.every((dim) => dim === 1);
}

/** What a transpose of this order does; `either` for three axes. */
export function directionOf(order: readonly number[]): "to first" | "to last" | "either" | undefined {
  const isLast = order.join() === orderToLast(order.length).join();
  const isFirst = order.join() === orderToFirst(order.length).join();
  if (order.length < 3 || !(isLast || isFirst)) return undefined;
  return isLast && isFirst ? "either" : isLast ? "to last" : "to first";
}

/** `[0, 2, 3, 1]` */
function orderToLast(rank: number): number[] {
  return [0, ...Array.from({ length: rank - 2 }, (_, i) => i + 2), 1];
}

/** `[0, 3, 1, 2]` */
function orderToFirst(rank: number): number[] {
  return [0, rank - 1, ...Array.from({ length: rank - 2 }, (_, i) => i + 1)];
}
