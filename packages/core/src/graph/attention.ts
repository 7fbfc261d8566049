import type { Value } from "./value";

/** One attention, as the `attention` hook sees it. T queries, S keys, H heads of size D. */
export interface AttentionInputs {
  /** The module: `layers.0.attention`. */
  readonly scope: string;
  readonly kind: "self" | "cross" | "joint";
  /** `[B, T, H*D]`. */
  readonly query: Value;
  /** `[B, S, H*D]`. */
  readonly key: Value;
  /** `[B, S, H*D]`. */
  readonly value: Value;
  readonly heads: number;
  /** What scores are multiplied with; `1 / sqrt(D)` when left out. */
  readonly scale?: number;
  /** int32 `[B, S]`, 1 where a key may be seen, 0 where it is padding. */
  readonly keyMask?: Value;
  /** Added to the scores: `[B or 1, H or 1, T, S]`. */
  readonly bias?: Value;
  /** A query sees keys up to its own position only. */
  readonly causal?: boolean;
}

/** One attention as a plugin emitted it, with what reports are to call it: `flash`. */
export interface EmittedAttention {
  /** `[B, T, H*D]`. */
  readonly output: Value;
  readonly kernel: string;
}
