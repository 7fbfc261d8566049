import type { Graph, Payload, Value } from "@skipstep/core/plugin";

/** What of the activations shares a scale: a row (token), or all of them. */
export type SharedScale = "token" | "tensor";

/** Activations `[T, K]` (all axes but the last as one) as int8, and what was too large for that. */
export interface Int8Activations {
  /** uint8 `[T, K]`, the codes -127..127 plus 128. */
  readonly codes: Value;
  /** float32 `[T, 1]`, or `[]` where all share one. */
  readonly scales: Value;
  readonly outliers?: Outliers;
}

export interface Rounding {
  /** Of LLM.int8's outliers; 0 for none. */
  readonly threshold: number;
  /** `token` when left out. */
  readonly scale?: SharedScale | undefined;
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
 * @param x `[..., K]`
 */
export function int8Activations(g: Graph, x: Value, { threshold, scale = "token" }: Rounding): Int8Activations {
  // Not across blocks: a plugin may cut the graph between them, and codes do not cross a cut.
  const key = `${blockOf(g.path)}:${threshold}:${scale}`;
  const ofValue = known.get(x) ?? new Map<string, Int8Activations>();
  const round = scale === "token" ? rounded : roundedAlike;
  const made = ofValue.get(key) ?? emit(g, g.reshape(x, [-1, x.shape.at(-1)!]), threshold, round);
  known.set(x, ofValue.set(key, made));
  return made;
}

/** The path up to its last number: `transformer_blocks.3` of `transformer_blocks.3.attn.to_q`. */
function blockOf(path: string): string {
  return /^.*\.\d+(?=\.|$)/.exec(path)?.[0] ?? path;
}

function emit(g: Graph, x: Value, threshold: number, round: (g: Graph, x: Value) => Int8Activations): Int8Activations {
  if (threshold === 0) return round(g, x);
  const outliers = outliersOf(g, x, threshold);
  const kept = g.where(outliers.mask, g.constant(0), x);
  return { ...round(g, kept), outliers };
}

/** `round(127 x / max |x|)` a row. */
function rounded(g: Graph, x: Value): Int8Activations {
  const rows = x.shape[0]!;
  const scales = scalesOf(g, mostAbs(g, x, 1));
  const perRow = g.reshape(scales, [rows]);
  const zero = g.initializer(code128, [1], "uint8");
  const zeros = g.node("Expand", [zero, g.node("Shape", [perRow], [1], { dtype: "int64" })], [rows]);
  const codes = g.node("QuantizeLinear", [x, perRow, zeros], x.shape, {
    dtype: "uint8",
    attributes: { axis: { int: 0 } },
  });
  return { codes, scales };
}

/**
 * `round(127 x / max |x|)` with one maximum. With a zero point that is known beforehand ONNX Runtime does not join it with
 * the product: its kernel for both rounds on one thread.
 */
function roundedAlike(g: Graph, x: Value): Int8Activations {
  const scales = g.reshape(scalesOf(g, mostAbs(g, g.reshape(x, [1, -1]), 1)), []);
  const codes = g.node("QuantizeLinear", [x, scales, g.initializer(code128, [], "uint8")], x.shape, { dtype: "uint8" });
  return { codes, scales };
}

/** What 1 is in the code, where the largest becomes 127. */
function scalesOf(g: Graph, largest: Value): Value {
  return g.mul(g.node("Max", [largest, g.constant(1e-30)], largest.shape), g.constant(1 / 127));
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
