import type { Band, Blocks } from "../src/index";

/** An attention of one head, as numbers: which keys each query sees, and what is added to its scores. */
export interface Naive {
  readonly queries: number;
  readonly keys: number;
  readonly size: number;
  readonly scale: number;
  readonly query: (row: number, i: number) => number;
  readonly key: (row: number, i: number) => number;
  readonly value: (row: number, i: number) => number;
  readonly bias: (row: number, column: number) => number;
  readonly sees: (row: number, column: number) => boolean;
}

/** `softmax(scale Q K^T + bias) V` by the formula; zeros for a query that sees nothing. */
export function naiveAttention(naive: Naive): number[][] {
  const { queries, keys, size, scale, query, key, value, bias, sees } = naive;
  const range = (n: number): number[] => Array.from({ length: n }, (_, i) => i);
  return range(queries).map((row) => {
    const seen = range(keys).filter((column) => sees(row, column));
    const scores = seen.map(
      (column) => scale * range(size).reduce((sum, i) => sum + query(row, i) * key(column, i), 0) + bias(row, column),
    );
    const most = Math.max(...scores);
    const weights = scores.map((score) => Math.exp(score - most));
    const total = weights.reduce((a, b) => a + b, 0);
    return range(size).map((i) => seen.reduce((sum, column, at) => sum + (weights[at]! / total) * value(column, i), 0));
  });
}

/** Whether a band, within blocks where there are some, lets a query see a key. */
export function seesUnder(
  { band, blocks }: { readonly band?: Band | undefined; readonly blocks?: Blocks | undefined },
  queries: number,
  keys: number,
): Naive["sees"] {
  if (blocks) {
    const [q, kv] = [placesIn(blocks.q_seqlen), placesIn(blocks.kv_seqlen)];
    return (row, column) => {
      const [own, other] = [q[row]!, kv[column]!];
      const [rows, columns] = [blocks.q_seqlen[own.block]!, blocks.kv_seqlen[own.block]!];
      return own.block === other.block && seesUnder({ band }, rows, columns)(own.at, other.at);
    };
  }
  if (!band) return () => true;
  const offset = band.anchor === "bottom-right" ? keys - queries : 0;
  return (row, column) => column >= row + offset - band.left && column <= row + offset + band.right;
}

function placesIn(lengths: readonly number[]): { block: number; at: number }[] {
  return lengths.flatMap((length, block) => Array.from({ length }, (_, at) => ({ block, at })));
}
