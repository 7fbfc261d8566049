import type { BlockBranch, BlockList, Feature, Structure } from "../architecture/structure";

/** A branch in the names of its block: `attn`, `ff`. */
export interface BranchOutline extends Pick<BlockBranch, "kind"> {
  readonly from: string;
  /** `from` when left out. */
  readonly to?: string;
}

/** Blocks of one list, and what is known of each. */
export interface ListOutline extends BlockList {
  /** Branches of block `i` in running order; left out where they are no scopes of their own. */
  readonly branches?: (i: number) => readonly BranchOutline[];
}

/**
 * Structure of a denoiser whose lists of blocks run one after the other.
 * @param more features that its lists do not tell
 */
export function blockLists(className: string, lists: readonly ListOutline[], more: readonly Feature[] = []): Structure {
  const outlined = lists.flatMap(({ name, count, branches }) =>
    Array.from({ length: count }, (_, i) => ({ block: `${name}.${i}`, outlines: branches?.(i) ?? [] })),
  );
  const branches = outlined.flatMap(({ block, outlines }) =>
    outlines.map(({ kind, from, to = from }) => ({ block, kind, from: `${block}.${from}`, to: `${block}.${to}` })),
  );
  return {
    className,
    features: ["block-list", ...(branches.length > 0 ? (["block-branches"] as const) : []), ...more],
    lists: lists.map(({ name, count }) => ({ name, count })),
    blocks: outlined.map(({ block }) => block),
    ...(branches.length > 0 ? { branches } : {}),
  };
}

/** Attention, then feed forward, each before its gate. */
export function attentionThenFeedForward(attention: string, feedForward: string): readonly BranchOutline[] {
  return [
    { kind: "attention", from: attention },
    { kind: "feed-forward", from: feedForward },
  ];
}
