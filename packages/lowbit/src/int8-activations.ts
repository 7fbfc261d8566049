import type { Graph, Payload, Value } from "@skipstep/core/plugin";

/** Activations `[T, K]` (all axes but the last as one) as int8 with one scale a row (token), and what was too large for that. */
export interface Int8Activations {
  /** uint8 `[T, K]`, the codes -127..127 plus 128. */
  readonly codes: Value;
  /** float32 `[T, 1]` */
  readonly scales: Value;
  readonly outliers?: Outliers;
}

/** Columns with an element as large as the threshold: they are multiplied in float32. */
export interface Outliers {
  /** bool `[K]` */
  readonly mask: Value;
  /** float32 `[T, n + 1]`: the n columns, and a column of ones that takes the bias. */
  readonly columns: Value;
}

/** The zero point of uint8 codes. */
export const code128: Payload = { key: "lowbit:128", label: "128", byteLength: 1, bytes: () => Uint8Array.of(128) };

/** Rounded activations by what was rounded: q, k and v share them. */
const known = new WeakMap<Value, Map<string, Int8Activations>>();

/**
 * Rounds activations to int8, once for all linears of a block that take them.
 * @param x `[..., K]` @param threshold of LLM.int8's outliers; 0 for none
 */
export function int8Activations(g: Graph, x: Value, threshold: number): Int8Activations {
  // Not across blocks: a plugin may cut the graph between them, and codes do not cross a cut.
  const key = `${blockOf(g.path)}:${threshold}`;
  const ofValue = known.get(x) ?? new Map<string, Int8Activations>();
  const made = ofValue.get(key) ?? emit(g, g.reshape(x, [-1, x.shape.at(-1)!]), threshold);
  known.set(x, ofValue.set(key, made));
  return made;
}

/** The path up to its last number: `transformer_blocks.3` of `transformer_blocks.3.attn.to_q`. */
function blockOf(path: string): string {
  return /^.*\.\d+(?=\.|$)/.exec(path)?.[0] ?? path;
}

function emit(g: Graph, x: Value, threshold: number): Int8Activations {
  if (threshold === 0) return rounded(g, x);
  const outliers = outliersOf(g, x, threshold);
  const kept = g.where(outliers.mask, g.constant(0), x);
  return { ...rounded(g, kept), outliers };
}

/** `round(127 x / max |x|)` a row. */
function rounded(g: Graph, x: Value): Int8Activations {
  const rows = x.shape[0]!;
  const largest = g.node("Max", [mostAbs(g, x, 1), g.constant(1e-30)], [rows, 1]);
  const scales = g.mul(largest, g.constant(1 / 127));
  const perRow = g.reshape(scales, [rows]);
  const zero = g.initializer(code128, [1], "uint8");
  const zeros = g.node("Expand", [zero, g.node("Shape", [perRow], [1], { dtype: "int64" })], [rows]);
  const codes = g.node("QuantizeLinear", [x, perRow, zeros], x.shape, {
    dtype: "uint8",
    attributes: { axis: { int: 0 } },
  });
  return { codes, scales };
}

/** `max |x|` over an axis of `[T, K]`, which stays as 1. */
function mostAbs(g: Graph, x: Value, axis: 0 | 1): Value {
  const shape = x.shape.map((dim, i) => (i === axis ? 1 : dim));
  const axes = g.constant([axis], undefined, "int64");
  const reduced = (op: string): Value => g.node(op, [x, axes], shape, { attributes: { keepdims: { int: 1 } } });
  return g.node("Max", [reduced("ReduceMax"), g.node("Neg", [reduced("ReduceMin")], shape)], shape);
}

/** How many columns there are is known when it runs: the shapes in between have none that anybody may rely on. */
function outliersOf(g: Graph, x: Value, threshold: number): Outliers {
  const [rows, columns] = x.shape as [Value["shape"][number], number];
  const most = g.reshape(mostAbs(g, x, 0), [columns]);
  const mask = g.node("GreaterOrEqual", [most, g.constant(threshold)], [columns], { dtype: "bool" });
  const found = g.node("Compress", [x, mask], x.shape, { attributes: { axis: { int: 1 } } });
  const first = g.slice(x, 1, 0, 1);
  const ones = g.node(
    "Expand",
    [g.constant([1], [1, 1]), g.node("Shape", [first], [2], { dtype: "int64" })],
    [rows, 1],
  );
  return { mask, columns: g.node("Concat", [found, ones], x.shape, { attributes: { axis: { int: 1 } } }) };
}
