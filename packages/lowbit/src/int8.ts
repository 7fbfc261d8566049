import type { Graph, Operators, Payload, Value, WeightForm } from "@skipstep/core/plugin";
import { code128, int8Activations, type Outliers, type SharedScale } from "./int8-activations";

/** A weight `[rows, columns]` as int8 with one scale a row: `code * scale`. */
export interface Int8Weight {
  readonly rows: number;
  readonly columns: number;
  /** int8 `[columns, rows]`: transposed, signed, the order and type that the fast kernel takes. */
  readonly codes: Payload;
  /** float32 `[rows]` */
  readonly scales: Payload;
}

/** How activations become int8. */
export interface Int8Options {
  /**
   * Columns of the activations with an element of at least this size are multiplied in float32, as LLM.int8 does,
   * https://arxiv.org/abs/2208.07339; 0 for none.
   */
  readonly threshold: number;
  /** What of the activations shares a scale; `token` when left out. */
  readonly scale?: SharedScale;
}

/** `x W^T + b` with activations rounded to int8. @param x `[..., columns]` @returns `[..., rows]` */
export function emitInt8(g: Graph, x: Value, weight: Int8Weight, options: Int8Options, bias: Value | undefined): Value {
  const { rows, columns } = weight;
  const { codes, scales, outliers } = int8Activations(g, x, options);
  const isShared = scales.shape.length === 0;
  const stored = g.initializer(weight.codes, [columns, rows], "int8");
  const steps = g.initializer(weight.scales, [rows]);
  const within = isShared && !outliers ? bias : undefined; // what the kernel adds itself
  const product = g.node(
    "MatMulIntegerToFloat",
    [codes, stored, isShared ? scales : g.constant(1), steps, g.initializer(code128, [], "uint8"), undefined, within],
    [codes.shape[0]!, rows],
    { domain: "com.microsoft", dtype: "float32" },
  );
  const scaled = isShared ? product : g.mul(product, scales);
  const rest = outliers ? outlierProduct(g, outliers, stored, steps, bias, rows) : bias;
  const output = g.reshape(rest && rest !== within ? g.add(scaled, rest) : scaled, [...x.shape.slice(0, -1), rows]);
  return g.orPortable(output, {
    lacking: ["com.microsoft/MatMulIntegerToFloat"],
    reads: [x, ...(bias ? [bias] : [])],
    emit: (operators) => emitExact(operators, x, weight, bias),
  });
}

/** Without kernels for int8 there is nothing to be won by rounding: each call takes the weight apart, inputs stay. */
function emitExact(
  g: Operators,
  x: Value,
  { rows, columns, codes, scales }: Int8Weight,
  bias: Value | undefined,
): Value {
  // Three axes, as two would become a MatMulNBits, which rounds inputs.
  const weight = g.node(
    "DequantizeLinear",
    [g.initializer(codes, [1, columns, rows], "int8"), g.initializer(scales, [1, 1, rows])],
    [1, columns, rows],
    { dtype: "float32", attributes: { axis: { int: 1 }, block_size: { int: columns } } },
  );
  const output = g.matmul(x, g.reshape(weight, [columns, rows]));
  return bias ? g.add(output, bias) : output;
}

/** The outlying columns times their weights, and the bias: a row of weights for the column of ones. @returns `[T, rows]` */
function outlierProduct(
  g: Graph,
  { mask, columns }: Outliers,
  stored: Value,
  steps: Value,
  bias: Value | undefined,
  rows: number,
): Value {
  const taken = g.node("Compress", [stored, mask], stored.shape, { attributes: { axis: { int: 0 } } });
  const weights = g.mul(g.cast(taken, "float32"), steps);
  const last = g.reshape(bias ?? g.constant(new Array<number>(rows).fill(0)), [1, rows]);
  const factors = g.node("Concat", [weights, last], stored.shape, {
    dtype: "float32",
    attributes: { axis: { int: 0 } },
  });
  return g.node("MatMul", [columns, factors], [columns.shape[0]!, rows]);
}

/** What a plugin's `weightLoad` answers for a weight in int8. @param form its name in the report */
export function int8Form(form: string, weight: Int8Weight, options: Int8Options): WeightForm {
  return {
    form,
    byteLength: weight.codes.byteLength + weight.scales.byteLength,
    emit: (g, input, bias) => emitInt8(g, input, weight, options, bias),
  };
}
