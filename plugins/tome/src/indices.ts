import type { Dim, Graph, Value } from "@skipstep/core/plugin";

/** Whole numbers from 0, `step` apart. @returns int64 `[count]` */
export function range(g: Graph, count: Dim, step: Dim = 1): Value {
  const scalar = (dim: Dim): Value => g.reshape(g.sizes([dim]), []);
  const counted = g.node("Range", [scalar(0), scalar(count), scalar(1)], [count], { dtype: "int64" });
  return step === 1 ? counted : g.mul(counted, scalar(step));
}

/** Sets elements along an axis. @param updates of the shape of `indices`; added where `add` is true @returns as `data` */
export function scatter(
  g: Graph,
  data: Value,
  { indices, updates, axis, add = false }: { indices: Value; updates: Value; axis: number; add?: boolean },
): Value {
  return g.node("ScatterElements", [data, indices, updates], data.shape, {
    attributes: { axis: { int: axis }, ...(add ? { reduction: { text: "add" } } : {}) },
  });
}

/** Elements along an axis by their places. @param indices int64, of `data`'s rank @returns as `indices` */
export function pick(g: Graph, data: Value, indices: Value, axis: number): Value {
  return g.node("GatherElements", [data, indices], indices.shape, { attributes: { axis: { int: axis } } });
}

/** The first token of each whole cell, row by row. @returns int64 `[D]` */
export function destinations(g: Graph, columns: Dim, [high, wide]: readonly [Dim, Dim], sy: number, sx: number): Value {
  const rows = g.mul(range(g, high, sy), g.sizes([columns]));
  const places = g.add(g.unsqueeze(rows, 1), range(g, wide, sx)); // [high, wide]
  return g.reshape(places, [-1]);
}

/** All tokens but these, in order. @param taken int64 `[D]` @param left how many they are @returns int64 `[left]` */
export function others(g: Graph, taken: Value, tokens: Dim, left: Dim): Value {
  const ones = g.expand(g.constant([1], [1], "int64"), [tokens]);
  const zeros = g.expand(g.constant([0], [1], "int64"), taken.shape);
  const marks = scatter(g, ones, { indices: taken, updates: zeros, axis: 0 });
  return g.reshape(g.node("NonZero", [marks], [1, left], { dtype: "int64" }), [left]);
}
