import { type Dim, evaluate, product, type Sizes } from "../graph/dim";
import type { Node, Value } from "../graph/value";

/** Floating-point operations by kind of node; a multiply and an add count as two. */
export interface Flops {
  /** `MatMul`, `MultiHeadAttention`, `Conv`; ops whose work grows with their values' size only are left out. */
  readonly byOp: Readonly<Record<string, number>>;
  readonly total: number;
}

type NumberOf = (dims: readonly Dim[]) => number;
type Count = (node: Node, numberOf: NumberOf) => number;

/** `[..., M, K] x [..., K, N]`: K for each element of the result. The first input is never packed. */
const matrixProduct: Count = ({ inputs, outputs }, numberOf) =>
  2 * numberOf(outputs[0]!.shape) * numberOf(inputs[0]!.shape.slice(-1));

/** `[M, K] x [K, N]`, either of them transposed. */
const gemm: Count = ({ inputs, outputs, attributes }, numberOf) => {
  const { transA } = attributes;
  const isTransposed = transA !== undefined && "int" in transA && transA.int === 1;
  return 2 * numberOf(outputs[0]!.shape) * numberOf([inputs[0]!.shape.at(isTransposed ? -2 : -1)!]);
};

/** `[B, T, H D]` over `[B, S, H D]`, or with an axis of heads before the tokens. A causal mask saves nothing. */
const attention: Count = ({ inputs, outputs }, numberOf) => {
  const [query, key] = inputs as [Value, Value];
  return 2 * (numberOf(query.shape) + numberOf(outputs[0]!.shape)) * numberOf([key.shape.at(-2)!]);
};

/** `[N, C / groups, kh, kw]` as input `weight`: the kernel's volume for each element of the result. */
function convolution(weight: number): Count {
  return ({ inputs, outputs }, numberOf) => 2 * numberOf(outputs[0]!.shape) * numberOf(inputs[weight]!.shape.slice(1));
}

/**
 * Multiplications and additions of the ops that a model spends its time in. Ops on codes of few bits count as the
 * multiplications and additions of numbers that they stand for.
 */
const counts: Readonly<Record<string, Count>> = {
  MatMul: matrixProduct,
  FusedMatMul: matrixProduct, // the second matrix transposed
  MatMulInteger: matrixProduct,
  MatMulIntegerToFloat: matrixProduct,
  DynamicQuantizeMatMul: matrixProduct,
  QLinearMatMul: matrixProduct,
  MatMulNBits: matrixProduct,
  MatMulBnb4: matrixProduct,
  Gemm: gemm,
  MultiHeadAttention: attention,
  Attention: attention, // ONNX's, with query, key and value
  GroupQueryAttention: attention,
  Conv: convolution(1),
  FusedConv: convolution(1),
  NhwcFusedConv: convolution(1),
  ConvInteger: convolution(1),
  QLinearConv: convolution(3),
};

/** Whether an op's work is counted. */
export function isCounted(op: string): boolean {
  return Object.hasOwn(counts, op);
}

/**
 * Counts the work of some nodes: a graph's, a segment's, or those inside a region.
 * @param sizes the run-time sizes: `{ B: 2, h: 32, w: 32 }`
 */
export function countFlops(nodes: readonly Node[], sizes: Sizes): Flops {
  const byOp: Record<string, number> = {};
  const numberOf: NumberOf = (dims) => evaluate(product(dims), sizes);
  for (const node of nodes) {
    const count = counts[node.op]?.(node, numberOf);
    if (count !== undefined) byOp[node.op] = (byOp[node.op] ?? 0) + count;
    if (!node.body) continue;
    const turns = numberOf(node.inputs[0]!.shape.slice(0, 1));
    for (const [op, inner] of Object.entries(countFlops(node.body.nodes, sizes).byOp))
      byOp[op] = (byOp[op] ?? 0) + turns * inner;
  }
  return { byOp, total: Object.values(byOp).reduce((sum, flops) => sum + flops, 0) };
}
