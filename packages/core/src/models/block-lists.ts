import type { BlockList, Structure } from "../plugins/manifest";

/** Structure of a denoiser whose lists of blocks run one after the other. */
export function blockLists(className: string, lists: readonly BlockList[]): Structure {
  return {
    className,
    features: ["block-list"],
    lists,
    blocks: lists.flatMap(({ name, count }) => Array.from({ length: count }, (_, i) => `${name}.${i}`)),
  };
}
