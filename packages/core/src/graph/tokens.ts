import { shapeMismatch } from "../errors/graph";
import { type Dim, equalShapes, shapeText } from "./dim";
import type { Graph } from "./graph";
import type { Value } from "./value";

/** A part of a block that works on the picture's tokens. */
export type TokenModule = "attention" | "cross-attention" | "feed-forward";

/** A picture's tokens as they enter a block, as the `tokens` hook sees them. T tokens, D their width. */
export interface BlockTokens {
  /** The block: `down_blocks.0.attentions.1.transformer_blocks.0`. */
  readonly scope: string;
  /** `[B, T, D]`, row by row, before the block's first normalization. */
  readonly hidden: Value;
  /** Tokens high and wide, T = rows columns. */
  readonly grid: readonly [rows: Dim, columns: Dim];
  /** Pixels of the latents along a token's side: 1 at a U-Net's full resolution, the patch of a DiT. */
  readonly downsample: number;
}

/** How a block does with fewer tokens. */
export interface ReducedTokens {
  /** Modules that are given fewer. */
  readonly modules: readonly TokenModule[];
  /** Tokens that are left. */
  readonly kept: Dim;
  /** Emits what a module is given. @param x `[B, T, D]` @returns `[B, kept, D]` */
  merge(x: Value, graph: Graph): Value;
  /** Emits what goes on behind it. @param y `[B, kept, D]` @returns `[B, T, D]` */
  unmerge(y: Value, graph: Graph): Value;
}

/** Emits a module of a block, with fewer tokens where a plugin says so; `inner` is the module's scope. */
export type EmitModule = (
  module: TokenModule,
  inner: Graph,
  x: Value,
  emit: (inner: Graph, x: Value) => Value,
) => Value;

/** Asks the `tokens` hooks about a block; g is its scope. @returns what its modules are emitted with */
export function blockTokens(g: Graph, tokens: Omit<BlockTokens, "scope">): EmitModule {
  const reduced = g.hooks.tokens?.({ ...tokens, scope: g.path }, g);
  return (module, inner, x, emit) => {
    if (!reduced?.modules.includes(module)) return emit(inner, x);
    const y = reduced.unmerge(emit(inner, reduced.merge(x, inner)), inner);
    if (!equalShapes(y.shape, x.shape))
      throw shapeMismatch(
        inner.path,
        "tokens",
        `a plugin returned ${shapeText(y.shape)}, the tokens are ${shapeText(x.shape)}`,
      );
    return y;
  };
}
