/** Up to which change (not included) how many steps one computation is to last; the last rate for all above. */
export type Codebook = readonly (readonly [change: number, rate: number])[];

/** Of the authors: `fast` and `slow` for 30 steps, `long` for 100. */
export const codebooks = {
  fast: [
    [0.08, 6],
    [0.16, 5],
    [0.24, 4],
    [0.32, 3],
    [0.4, 2],
    [1, 1],
  ],
  slow: [
    [0.08, 3],
    [0.16, 2],
    [0.24, 1],
    [0.32, 1],
    [0.4, 1],
    [1, 1],
  ],
  long: [
    [0.03, 12],
    [0.05, 10],
    [0.07, 8],
    [0.09, 6],
    [0.11, 4],
    [1, 3],
  ],
} as const satisfies Record<string, Codebook>;

export type CodebookName = keyof typeof codebooks;

/** Steps until the next computation. What is not a finite number computes at once. */
export function rateFor(codebook: Codebook, change: number): number {
  if (!Number.isFinite(change)) return 1;
  return (codebook.find(([most]) => change < most) ?? codebook.at(-1)!)[1];
}

/** Whether a step is computed whatever was measured: the first one and the last two. */
export function isAnchor({ index, count }: { readonly index: number; readonly count: number }): boolean {
  return index === 0 || index >= count - 2;
}
