import type { Dim, Graph, Value } from "@skipstep/core/plugin";
import { type Attended, keysOf, queriesOf } from "./attended";
import { bandMask, zeroUnseeing } from "./band-mask";
import { inBlocksOfQueries, keyBias } from "./blocks-of-queries";
import { fused, headsFirst, plain } from "./kernels";

/** `flash`: ONNX Runtime's fused kernel. `cutlass`: blocks of queries. `math`: an operator each step. */
export type Op = "flash" | "cutlass" | "math";

export const ops: readonly Op[] = ["flash", "cutlass", "math"];

/** Emits one attention. @returns `[B, T, H*E]` */
export function attend(g: Graph, op: Op, attended: Attended, blockSize: number): Value {
  const { band } = attended;
  const output = emit(g, op, attended, blockSize);
  return band ? zeroUnseeing(g, band, output, queriesOf(attended), keysOf(attended)) : output;
}

function emit(g: Graph, op: Op, attended: Attended, blockSize: number): Value {
  if (op === "math") return whole(g, attended);
  if (op === "flash" && !attended.band) return fusedWhole(g, attended);
  return inBlocksOfQueries(g, attended, op === "flash" ? fused : plain, blockSize);
}

function fusedWhole(g: Graph, { query, key, value, heads, scale, bias, keyMask }: Attended): Value {
  const [batch, tokens] = query.shape as [Dim, Dim];
  return g.node("MultiHeadAttention", [query, key, value, undefined, keyMask, bias], [batch, tokens, value.shape[2]!], {
    domain: "com.microsoft",
    attributes: { num_heads: { int: heads }, scale: { float: scale } },
  });
}

/** All scores at once, those under a mask too. */
function whole(g: Graph, attended: Attended): Value {
  const { query, key, value, heads, scale, band, bias } = attended;
  const [queries, keys] = [queriesOf(attended), keysOf(attended)];
  const first = g.constant([0], [1], "int64");
  const all = { firstQuery: first, firstKey: first, endKey: g.sizes([keys]), queries, keys };
  const parts = [bias, band && bandMask(g, band, all, queries, keys), keyBias(g, attended)];
  const present = parts.filter((part) => part !== undefined);
  return plain(g, {
    query,
    key: headsFirst(g, key, heads),
    value: headsFirst(g, value, heads),
    heads,
    scale,
    bias: present.length === 0 ? undefined : present.reduce((a, b) => g.add(a, b)),
  });
}
