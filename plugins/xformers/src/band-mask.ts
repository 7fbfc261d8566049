import { type Dim, equalDims, type Graph, least, minus, plus, type Value } from "@skipstep/core/plugin";
import type { Band } from "./attention-bias";

/** Added to scores of keys that are not seen: exp of it is 0, and a row of nothing else stays a number. */
export const hidden = -1e30;

/** Some queries of an attention, and the keys that one of them at least sees. */
export interface Window {
  /** int64 `[1]`: the first query; the first key and the one after the last. */
  readonly firstQuery: Value;
  readonly firstKey: Value;
  readonly endKey: Value;
  readonly queries: Dim;
  /** At most: fewer at the ends. */
  readonly keys: Dim;
}

/** How far the place of query t is from t: `[1]`. */
function offset(g: Graph, { anchor }: Band, queries: Dim, keys: Dim): Value {
  return g.sizes([anchor === "top-left" ? 0 : minus(keys, queries)]);
}

/**
 * The keys that `count` queries see, never none.
 * @param first int64 `[1]` @param queries of the whole attention, as `keys`
 */
export function windowOf(g: Graph, band: Band, first: Value, count: Dim, queries: Dim, keys: Dim): Window {
  const { left, right } = band;
  const place = g.add(first, offset(g, band, queries, keys));
  const number = (value: number): Value => g.constant([value], [1], "int64");
  const pair = (op: "Min" | "Max", a: Value, b: Value): Value => g.node(op, [a, b], [1]);
  const firstKey = Number.isFinite(left)
    ? pair("Max", pair("Min", g.sub(place, number(left)), g.sizes([minus(keys, 1)])), number(0))
    : number(0);
  const endKey = Number.isFinite(right)
    ? pair("Max", pair("Min", g.add(place, g.sizes([plus(count, right)])), g.sizes([keys])), g.add(firstKey, number(1)))
    : g.sizes([keys]);
  const isNarrow = Number.isFinite(left) && Number.isFinite(right);
  return {
    firstQuery: first,
    firstKey,
    endKey,
    queries: count,
    keys: isNarrow ? least(keys, plus(count, left + right)) : keys,
  };
}

/** 0 where a query of the window sees a key of it, `hidden` elsewhere: `[queries, keys]`. */
export function bandMask(g: Graph, band: Band, window: Window, queries: Dim, keys: Dim): Value {
  const { left, right } = band;
  const columns = range(g, window.firstKey, window.endKey, window.keys);
  const own = g.add(
    range(g, g.constant([0], [1], "int64"), g.sizes([window.queries]), window.queries),
    window.firstQuery,
  );
  const rows = g.add(own, offset(g, band, queries, keys));
  const distance = g.sub(newAxis(g, columns, 0), newAxis(g, rows, 1));
  const limit = (op: string, most: number): Value =>
    g.node(op, [distance, g.constant(most, [], "int64")], distance.shape, { dtype: "bool" });
  const conditions = [
    ...(Number.isFinite(left) ? [limit("GreaterOrEqual", -left)] : []),
    ...(Number.isFinite(right) ? [limit("LessOrEqual", right)] : []),
  ];
  const isSeen = conditions.reduce((a, b) => g.node("And", [a, b], a.shape, { dtype: "bool" }));
  return g.where(isSeen, g.constant(0), g.constant(hidden));
}

/** Zeros the rows of queries that see no key, which there are only where queries are more than keys. */
export function zeroUnseeing(g: Graph, band: Band, output: Value, queries: Dim, keys: Dim): Value {
  const { anchor, left, right } = band;
  const isSeeing = equalDims(queries, keys) || isAtMost(queries, keys);
  if (isSeeing || !Number.isFinite(anchor === "bottom-right" ? right : left)) return output;
  const own = range(g, g.constant([0], [1], "int64"), g.sizes([queries]), queries);
  const place = g.add(own, offset(g, band, queries, keys));
  // Before the first key, or behind the last one.
  const [op, edge]: [string, Dim] =
    anchor === "bottom-right" ? ["GreaterOrEqual", -right] : ["LessOrEqual", plus(keys, left - 1)];
  const sees = g.node(op, [place, g.sizes([edge])], [queries], { dtype: "bool" });
  return g.mul(output, g.reshape(g.cast(sees, "float32"), [1, queries, 1]));
}

function isAtMost(queries: Dim, keys: Dim): boolean {
  return typeof queries === "number" && typeof keys === "number" && queries <= keys;
}

/** An axis of size 1, also where the number of keys is not what the shape says but fewer. */
export function newAxis(g: Graph, x: Value, axis: number): Value {
  const shape = [...x.shape.slice(0, axis), 1, ...x.shape.slice(axis)];
  return g.node("Unsqueeze", [x, g.constant([axis], [1], "int64")], shape);
}

/** `start, start + 1, ... end - 1`. @param start int64 `[1]` */
export function range(g: Graph, start: Value, end: Value, length: Dim): Value {
  const scalar = (value: Value): Value => g.reshape(value, []);
  return g.node("Range", [scalar(start), scalar(end), g.constant(1, [], "int64")], [length]);
}
