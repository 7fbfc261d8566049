import { ceilOver, type Dim, type Graph, minus, plus, times, type Value } from "@skipstep/core/plugin";
import { type Attended, keysOf, queriesOf } from "./attended";
import { bandMask, hidden, newAxis, range, type Window, windowOf } from "./band-mask";
import { headsFirst, type Kernel } from "./kernels";

/**
 * Attention in blocks of at most `blockSize` queries, one after the other, each with the keys only that one of its
 * queries sees. Scores of one block exist at a time: `blockSize` rows of them instead of T.
 * @returns `[B, T, H*E]`
 */
export function inBlocksOfQueries(g: Graph, attended: Attended, kernel: Kernel, blockSize: number): Value {
  const { query, heads } = attended;
  const [batch, queries, width] = query.shape as [Dim, Dim, number];
  const count = ceilOver(queries, blockSize);
  const rows = ceilOver(queries, count); // of equal length, so that the last one is not mostly padding
  const shared: Shared = {
    attended,
    kernel,
    rows,
    key: headsFirst(g, attended.key, heads),
    value: headsFirst(g, attended.value, heads),
    keyBias: keyBias(g, attended),
  };
  if (count === 1) return oneBlock(g, shared, query, g.constant([0], [1], "int64"));
  const padded = times(count, rows);
  const blocks = g.transpose(
    g.reshape(padRows(g, query, 1, minus(padded, queries)), [batch, count, rows, width]),
    [1, 0, 2, 3],
  );
  const turns = range(g, g.constant([0], [1], "int64"), g.sizes([count]), count);
  const starts = g.mul(turns, g.reshape(g.sizes([rows]), []));
  const [outputs] = g.scan([blocks, starts], (inner, [block, start]) => [
    oneBlock(inner, shared, block!, inner.reshape(start!, [1])),
  ]);
  const outWidth = outputs!.shape[3]!;
  const joined = g.reshape(g.transpose(outputs!, [1, 0, 2, 3]), [batch, padded, outWidth]);
  return g.slice(joined, 1, 0, queries);
}

interface Shared {
  readonly attended: Attended;
  readonly kernel: Kernel;
  /** Queries of a block. */
  readonly rows: Dim;
  /** `[B, H, S, D]` and `[B, H, S, E]`. */
  readonly key: Value;
  readonly value: Value;
  /** `[B, 1, 1, S]`. */
  readonly keyBias: Value | undefined;
}

/** @param block `[B, rows, H*D]` @param start int64 `[1]`, its first query */
function oneBlock(g: Graph, shared: Shared, block: Value, start: Value): Value {
  const { attended, kernel, rows, key, value } = shared;
  const { band, heads, scale } = attended;
  const window = band && windowOf(g, band, start, rows, queriesOf(attended), keysOf(attended));
  const bias = biasOf(g, shared, start, window);
  return kernel(g, {
    query: block,
    key: seen(g, key, window, 2),
    value: seen(g, value, window, 2),
    heads,
    scale,
    bias,
  });
}

/** All that is added to a block's scores. */
function biasOf(g: Graph, { attended, keyBias: keys, rows }: Shared, start: Value, window: Window | undefined) {
  const { bias, band } = attended;
  const own = bias && seen(g, rowsFrom(g, bias, start, rows, queriesOf(attended)), window, 3);
  const mask = band && window && bandMask(g, band, window, queriesOf(attended), keysOf(attended));
  const parts = [own, mask && newAxis(g, newAxis(g, mask, 0), 0), keys && seen(g, keys, window, 3)];
  const present = parts.filter((part) => part !== undefined);
  return present.length === 0 ? undefined : present.reduce((a, b) => g.add(a, b));
}

/** 0 for keys that may be seen, `hidden` for padding: `[B, 1, 1, S]`. */
export function keyBias(g: Graph, { keyMask }: Attended): Value | undefined {
  if (!keyMask) return undefined;
  const bias = g.where(g.cast(keyMask, "bool"), g.constant(0), g.constant(hidden));
  return g.unsqueeze(g.unsqueeze(bias, 1), 1);
}

/** The window's keys of what has all of them along an axis. */
function seen(g: Graph, x: Value, window: Window | undefined, axis: number): Value {
  if (!window) return x;
  const shape = x.shape.map((dim, i) => (i === axis ? window.keys : dim));
  return g.node("Slice", [x, window.firstKey, window.endKey, g.constant([axis], [1], "int64")], shape);
}

/** The block's rows of a bias `[., ., T, S]`, zeros behind its last. */
function rowsFrom(g: Graph, bias: Value, start: Value, rows: Dim, queries: Dim): Value {
  if (bias.shape[2] === 1 && queries !== 1) return bias;
  const shape = bias.shape.map((dim, i) => (i === 2 ? rows : dim));
  const end = g.add(start, g.sizes([rows]));
  const zero = g.constant([0], [1], "int64");
  const missing = g.node("Max", [g.sub(end, g.sizes([queries])), zero], [1]);
  const pads = g.concat([g.constant([0, 0, 0, 0, 0, 0], [6], "int64"), missing, zero], 0);
  const part = g.node("Slice", [bias, start, end, g.constant([2], [1], "int64")], shape);
  return g.node("Pad", [part, pads], shape);
}

/** Zeros behind the last row. */
function padRows(g: Graph, x: Value, axis: number, count: Dim): Value {
  const shape = x.shape.map((dim, i) => (i === axis ? plus(dim, count) : dim));
  const ends = x.shape.map((_, i) => (i === axis ? count : 0));
  return g.node("Pad", [x, g.sizes([...x.shape.map(() => 0), ...ends])], shape);
}
