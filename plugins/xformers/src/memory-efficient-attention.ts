import type { Dim, Graph, Value } from "@skipstep/core/plugin";
import { attend, type Op } from "./attend";
import type { Attended } from "./attended";
import type { AttentionBias, Band } from "./attention-bias";
import { blockDiagonal } from "./block-diagonal";
import { dropoutUnfit } from "./errors";

export interface MemoryEfficientAttentionOptions {
  /** A mask by name, or a tensor that is added to the scores: `[B or 1, H or 1, M, N]`. */
  readonly attnBias?: AttentionBias | Value;
  /** Dropout: must be 0. */
  readonly p?: number;
  /** What scores are multiplied with; `1 / sqrt(K)` when left out. */
  readonly scale?: number;
  /** `flash` when left out. */
  readonly op?: Op;
  /** Queries of a block, for `cutlass` and under masks. */
  readonly blockSize?: number;
}

export const defaultBlockSize = 256;

/**
 * `xformers.ops.memory_efficient_attention`, emitted into a graph.
 * @param query `[B, M, H, K]` @param key `[B, N, H, K]` @param value `[B, N, H, Kv]`
 * @returns `[B, M, H, Kv]`
 * @throws SKIPSTEP_PLUGIN_OPTION for dropout, and for sequence lengths that are not the tokens'
 */
export function memoryEfficientAttention(
  graph: Graph,
  query: Value,
  key: Value,
  value: Value,
  { attnBias, p = 0, scale, op = "flash", blockSize = defaultBlockSize }: MemoryEfficientAttentionOptions = {},
): Value {
  if (p !== 0) throw dropoutUnfit(p);
  const [batch, queries, heads, size] = query.shape as [Dim, Dim, number, number];
  const joined = (x: Value): Value => {
    const [, tokens, , width] = x.shape as [Dim, Dim, number, number];
    return graph.reshape(x, [batch, tokens, heads * width]);
  };
  const mask = attnBias && ("origin" in attnBias ? { tensor: attnBias } : attnBias);
  const output = underMask(
    graph,
    op,
    {
      query: joined(query),
      key: joined(key),
      value: joined(value),
      heads,
      scale: scale ?? 1 / Math.sqrt(size),
      bias: mask?.tensor,
    },
    mask,
    blockSize,
  );
  return graph.reshape(output, [batch, queries, heads, value.shape[3]!]);
}

/** An attention `[B, T, H*D]` under a mask. @returns `[B, T, H*E]` */
export function underMask(
  g: Graph,
  op: Op,
  attended: Attended,
  { band, blocks }: { readonly band?: Band | undefined; readonly blocks?: AttentionBias["blocks"] } = {},
  blockSize = defaultBlockSize,
): Value {
  const one = (part: Attended): Value => attend(g, op, { ...part, band }, blockSize);
  return blocks ? blockDiagonal(g, attended, blocks, one) : one(attended);
}
