import type { Value } from "@skipstep/core/plugin";

/**
 * Which keys a query sees: those from `left` before its own place to `right` behind it.
 * The place of query t is t itself (`top-left`), or counted so that the last query stands at the last key (`bottom-right`).
 */
export interface Band {
  readonly anchor: "top-left" | "bottom-right";
  /** Infinity is no limit. */
  readonly left: number;
  readonly right: number;
}

/** Queries and keys that belong together, by their numbers, one after the other. */
export interface Blocks {
  readonly q_seqlen: readonly number[];
  readonly kv_seqlen: readonly number[];
}

/** A mask that is known without a tensor. Names and arguments are those of `xformers.ops.fmha.attn_bias`. */
export interface AttentionBias {
  readonly band?: Band | undefined;
  readonly blocks?: Blocks;
  /** Added to the scores as well, `[B or 1, H or 1, M, N]`. */
  readonly tensor?: Value;
}

const { POSITIVE_INFINITY } = Number;

const causal: Band = { anchor: "top-left", left: POSITIVE_INFINITY, right: 0 };
const causalFromBottomRight: Band = { ...causal, anchor: "bottom-right" };

/** Query t sees keys 0 to t. */
export class LowerTriangularMask implements AttentionBias {
  readonly band = causal;

  /** With a tensor that is added to the scores: `LowerTriangularMaskWithTensorBias`. */
  add_bias(tensor: Value): AttentionBias {
    return { band: this.band, tensor };
  }
}

/** The last query sees all keys, each one before it one key less. */
export class LowerTriangularFromBottomRightMask implements AttentionBias {
  readonly band = causalFromBottomRight;

  make_local_attention(window_size: number): AttentionBias {
    return new LowerTriangularFromBottomRightLocalAttentionMask(window_size);
  }
}

/** As `LowerTriangularFromBottomRightMask`, and no more than the last `window_size` keys, the query's own among them. */
export class LowerTriangularFromBottomRightLocalAttentionMask implements AttentionBias {
  readonly band: Band;

  constructor(readonly window_size: number) {
    this.band = { anchor: "bottom-right", left: window_size - 1, right: 0 };
  }
}

/** Keys from `window_left` before the query's place to `window_right` behind it, counted from the bottom right. */
export class LocalAttentionFromBottomRightMask implements AttentionBias {
  readonly band: Band;

  constructor({ window_left, window_right }: { readonly window_left: number; readonly window_right: number }) {
    this.band = { anchor: "bottom-right", left: window_left, right: window_right };
  }
}

/** Sequences of different lengths in one batch row: each sees its own keys only. */
export class BlockDiagonalMask implements AttentionBias {
  private constructor(
    readonly blocks: Blocks,
    readonly band?: Band,
  ) {}

  /** @param kv_seqlen numbers of keys; those of the queries when left out */
  static from_seqlens(q_seqlen: readonly number[], kv_seqlen: readonly number[] = q_seqlen): BlockDiagonalMask {
    return new BlockDiagonalMask({ q_seqlen, kv_seqlen });
  }

  /** `BlockDiagonalCausalMask`: each sequence as under `LowerTriangularMask`. */
  make_causal(): BlockDiagonalMask {
    return new BlockDiagonalMask(this.blocks, causal);
  }

  /** `BlockDiagonalCausalFromBottomRightMask`. */
  make_causal_from_bottomright(): BlockDiagonalMask {
    return new BlockDiagonalMask(this.blocks, causalFromBottomRight);
  }

  /** `BlockDiagonalCausalLocalAttentionMask`. */
  make_local_attention(window_size: number): BlockDiagonalMask {
    return new BlockDiagonalMask(this.blocks, { ...causal, left: window_size - 1 });
  }

  /** `BlockDiagonalCausalLocalAttentionFromBottomRightMask`. */
  make_local_attention_from_bottomright(window_size: number): BlockDiagonalMask {
    return new BlockDiagonalMask(this.blocks, { ...causalFromBottomRight, left: window_size - 1 });
  }
}

/** `BlockDiagonalMask.from_seqlens(...).make_causal()`, under the reference's name. */
export const BlockDiagonalCausalMask = {
  from_seqlens: (q_seqlen: readonly number[], kv_seqlen?: readonly number[]): BlockDiagonalMask =>
    BlockDiagonalMask.from_seqlens(q_seqlen, kv_seqlen).make_causal(),
};
