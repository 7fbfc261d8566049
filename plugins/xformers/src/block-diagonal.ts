import type { Dim, Graph, Value } from "@skipstep/core/plugin";
import { type Attended, keysOf, queriesOf } from "./attended";
import type { Blocks } from "./attention-bias";
import { seqlensUnfit } from "./errors";

/**
 * Sequences that lie one behind the other, each attended by itself.
 * @param one attends the queries and keys of one sequence
 * @returns `[B, T, H*E]`
 */
export function blockDiagonal(g: Graph, attended: Attended, blocks: Blocks, one: (part: Attended) => Value): Value {
  g.whenKnown([queriesOf(attended), keysOf(attended)], ([queries, keys]) => {
    checkSum("q_seqlen", blocks.q_seqlen, queries!, "queries");
    checkSum("kv_seqlen", blocks.kv_seqlen, keys!, "keys");
  });
  const queries = startsOf(blocks.q_seqlen);
  const keys = startsOf(blocks.kv_seqlen);
  const outputs = queries.map(({ start, end }, i) => {
    const { start: firstKey, end: endKey } = keys[i]!;
    const rows = (x: Value, axis: number): Value => g.slice(x, axis, start, end);
    const columns = (x: Value, axis: number): Value => g.slice(x, axis, firstKey, endKey);
    const { query, key, value, bias, keyMask } = attended;
    return one({
      ...attended,
      query: rows(query, 1),
      key: columns(key, 1),
      value: columns(value, 1),
      bias: bias && columns(bias.shape[2] === 1 ? bias : rows(bias, 2), 3),
      keyMask: keyMask && columns(keyMask, 1),
    });
  });
  const joined = g.concat(outputs, 1);
  const [batch, tokens] = attended.query.shape as [Dim, Dim];
  return g.node("Identity", [joined], [batch, tokens, joined.shape[2]!]); // the same number of tokens, as was checked
}

function startsOf(lengths: readonly number[]): { start: number; end: number }[] {
  let end = 0;
  return lengths.map((length) => {
    const start = end;
    end += length;
    return { start, end };
  });
}

function checkSum(option: string, lengths: readonly number[], tokens: number, what: string): void {
  const sum = lengths.reduce((a, b) => a + b, 0);
  if (sum !== tokens) throw seqlensUnfit(option, sum, tokens, what);
}
