import { type Dim, evaluate, product, type Sizes } from "../packages/core/src/graph/dim";
import type { Node } from "../packages/core/src/graph/value";

/** Floating-point operations by kind of node; a multiply and an add count as two. */
export interface Flops {
  /** `MatMul`, `MultiHeadAttention`, `Conv`; ops whose work grows with their values' size only are left out. */
  readonly byOp: Readonly<Record<string, number>>;
  readonly total: number;
}

type Count = (node: Node, numberOf: (dims: readonly Dim[]) => number) => number;

/** Multiplications and additions of the ops that a model spends its time in. */
const counts: Readonly<Record<string, Count>> = {
  /** `[..., M, K] x [..., K, N]`: K for each element of the result. */
  MatMul: ({ inputs, outputs }, numberOf) => 2 * numberOf(outputs[0]!.shape) * numberOf(inputs[0]!.shape.slice(-1)),
  /** `[B, T, H D]` over `[B, S, H D]`: scores and their sum over the values; a causal mask saves nothing. */
  MultiHeadAttention: ({ inputs }, numberOf) => 4 * numberOf(inputs[0]!.shape) * numberOf([inputs[1]!.shape[1]!]),
  /** `[N, C / groups, kh, kw]`: the kernel's volume for each element of the result. */
  Conv: ({ inputs, outputs }, numberOf) => 2 * numberOf(outputs[0]!.shape) * numberOf(inputs[1]!.shape.slice(1)),
};

/**
 * Counts the work of some nodes: a graph's, a segment's, or those inside a region.
 * @param sizes the run-time sizes: `{ B: 2, h: 32, w: 32 }`
 */
export function countFlops(nodes: readonly Node[], sizes: Sizes): Flops {
  const byOp: Record<string, number> = {};
  const numberOf = (dims: readonly Dim[]): number => evaluate(product(dims), sizes);
  for (const node of nodes) {
    const count = counts[node.op]?.(node, numberOf);
    if (count !== undefined) byOp[node.op] = (byOp[node.op] ?? 0) + count;
  }
  return { byOp, total: Object.values(byOp).reduce((sum, flops) => sum + flops, 0) };
}
