import { newGraph, runGraph, wave } from "@skipstep/contract/graph";
import type { Tensor } from "@skipstep/core/model";
import { floats, size } from "@skipstep/core/model";
import { expect, it } from "vitest";
import { ops } from "../src/attend";
import {
  type AttentionBias,
  BlockDiagonalCausalMask,
  BlockDiagonalMask,
  LocalAttentionFromBottomRightMask,
  LowerTriangularFromBottomRightLocalAttentionMask,
  LowerTriangularFromBottomRightMask,
  LowerTriangularMask,
  memoryEfficientAttention,
} from "../src/index";
import { underMask } from "../src/memory-efficient-attention";
import { naiveAttention, seesUnder } from "./naive-attention";

const [batch, heads, width] = [2, 2, 4];

interface Case {
  readonly mask: AttentionBias;
  readonly queries: number;
  readonly keys: number;
}

const window = (window_left: number, window_right: number) =>
  new LocalAttentionFromBottomRightMask({ window_left, window_right });
const masks: Readonly<Record<string, AttentionBias>> = {
  none: {},
  causal: new LowerTriangularMask(),
  bottomRight: new LowerTriangularFromBottomRightMask(),
  local: new LowerTriangularFromBottomRightLocalAttentionMask(3),
  self: window(0, 0),
  near: window(2, 1),
  beyond: window(50, 99),
};
const sizes = [
  [1, 1],
  [1, 9],
  [13, 13],
  [5, 12],
  [12, 5],
] as const;
const banded = Object.entries(masks).flatMap(([name, mask]) =>
  sizes.map(([queries, keys]): [string, Case] => [`${name}, ${queries} to ${keys}`, { mask, queries, keys }]),
);
const sequences = BlockDiagonalMask.from_seqlens([1, 4, 8], [3, 2, 9]);
const blocked = Object.entries({
  "block diagonal": sequences,
  "block diagonal, causal": BlockDiagonalCausalMask.from_seqlens([1, 4, 8], [3, 2, 9]),
  "block diagonal, causal from bottom right": sequences.make_causal_from_bottomright(),
  "block diagonal, local": sequences.make_local_attention(2),
  "block diagonal, local from bottom right": sequences.make_local_attention_from_bottomright(2),
}).map(([name, mask]): [string, Case] => [name, { mask, queries: 13, keys: 14 }]);

it.each([...banded, ...blocked])(
  "follows the formula with a bias and padded keys: %s",
  async (_, { mask, queries, keys }) => {
    const [q, k, v] = [queries, keys, keys].map((tokens, i) => wave([batch, tokens, heads * width], i + 1));
    const bias = wave([1, heads, queries, keys], 5);
    const padded = mask.blocks || keys === 1 ? 0 : 1; // the first key
    const keyMask: Tensor = { dtype: "int32", shape: [batch, keys], data: new Int32Array(batch * keys).fill(1) };
    for (let b = 0; b < batch; b++) if (padded) keyMask.data[b * keys] = 0;
    const sees = seesUnder(mask, queries, keys);
    const expected = floats([batch, queries, heads * width]);
    const blind = new Set<number>();
    for (let b = 0; b < batch; b++)
      for (let h = 0; h < heads; h++) {
        const at = (x: Tensor) => (row: number, i: number) =>
          Number(x.data[(b * x.shape[1]! + row) * heads * width + h * width + i]);
        const rows = naiveAttention({
          queries,
          keys,
          size: width,
          scale: 0.7,
          query: at(q!),
          key: at(k!),
          value: at(v!),
          bias: (row, column) => bias.data[(h * queries + row) * keys + column]!,
          sees: (row, column) => sees(row, column) && !(padded && column === 0),
        });
        for (const [row, values] of rows.entries()) {
          // Only padding in sight: what comes out has no meaning.
          if (padded && sees(row, 0) && !Array.from({ length: keys - 1 }, (_, i) => sees(row, i + 1)).some(Boolean))
            blind.add(row);
          expected.data.set(values, (b * queries + row) * heads * width + h * width);
        }
      }
    for (const op of ops)
      for (const blockSize of op === "math" ? [1] : [1, 4, 13]) {
        const g = newGraph({ component: "attention" });
        const input = (name: string, tokens: string) => g.input(name, [size("B"), size(tokens), heads * width]);
        const attended = {
          query: input("q", "M"),
          key: input("k", "N"),
          value: input("v", "N"),
          heads,
          scale: 0.7,
          bias: g.input("bias", [1, heads, size("M"), size("N")]),
          keyMask: g.input("mask", [size("B"), size("N")], "int32"),
        };
        g.output("y", underMask(g, op, attended, mask, blockSize));
        const { y } = await runGraph(g, { q: q!, k: k!, v: v!, bias, mask: keyMask });
        const far = (y!.data as Float32Array).findIndex(
          (value, i) =>
            !blind.has(Math.floor(i / (heads * width)) % queries) && !(Math.abs(value - expected.data[i]!) < 1e-5),
        );
        expect(far, `${op} of ${blockSize}`).toBe(-1);
      }
  },
);

it("takes values of another size than queries, and a bias with one row for all", async () => {
  for (const op of ops) {
    const g = newGraph({ component: "attention" });
    const [q, k] = ["q", "k"].map((name) => g.input(name, [1, size("M"), heads, width]));
    const v = g.input("v", [1, size("M"), heads, 3]);
    const attnBias = g.input("bias", [1, 1, size("M"), size("M")]);
    const y = memoryEfficientAttention(g, q!, k!, v, { op, attnBias, blockSize: 4 });
    expect(y.shape.map(String)).toEqual(["1", "M", "2", "3"]);
    g.output("y", y);
    const feeds = { q: wave([1, 9, heads, width], 1), k: wave([1, 9, heads, width], 2), v: floats([1, 9, heads, 3]) };
    const result = await runGraph(g, { ...feeds, bias: wave([1, 1, 9, 9], 3) });
    expect(result.y!.data.every((x) => Number(x) === 0)).toBe(true);
  }
});

it("refuses dropout and sequences of another length, at once where the tokens are known", () => {
  const build = (given: object) => {
    const g = newGraph({ component: "attention" });
    const [q, k, v] = ["q", "k", "v"].map((name) => g.input(name, [1, 12, heads, width]));
    return memoryEfficientAttention(g, q!, k!, v!, given);
  };
  expect(() => build({ p: 0.5 })).toThrow('p of plugin "xformers" must be 0, found 0.5: dropout belongs to training');
  expect(() => build({ attnBias: BlockDiagonalMask.from_seqlens([5, 6]) })).toThrow(
    'q_seqlen of plugin "xformers" must add up to the 12 queries of the attention, found 11. Change',
  );
  expect(() => build({ attnBias: BlockDiagonalMask.from_seqlens([5, 7], [5, 6]) })).toThrow("the 12 keys");
});
