import { expect, it } from "vitest";
import { countFlops } from "../src/compiler/flops";
import { noHooks } from "../src/graph/build-hooks";
import { type Dim, size } from "../src/graph/dim";
import type { NodeOptions } from "../src/graph/emitter";
import { Graph } from "../src/graph/graph";
import type { Value } from "../src/graph/value";
import { memoryWeights } from "./memory-weights";

const [B, T] = [size("B"), size("T")];
const sizes = { B: 2, T: 10 };

/** Shapes of a node's inputs, `undefined` where one is left out, and of its output. */
interface Case {
  readonly op: string;
  readonly inputs: readonly (readonly Dim[] | undefined)[];
  readonly output: readonly Dim[];
  readonly options?: NodeOptions;
  readonly flops: number;
}

const microsoft = { domain: "com.microsoft" } as const;
/** A linear layer of 32 to 48 features over 2 images of 10 tokens, whatever its weight is stored as. */
const linear = { output: [B, T, 48], flops: 2 * 20 * 32 * 48 };
const tokens = [B, T, 32];

const cases: readonly Case[] = [
  { op: "MatMul", inputs: [tokens, [32, 48]], ...linear },
  { op: "MatMulInteger", inputs: [tokens, [32, 48]], ...linear },
  { op: "MatMulIntegerToFloat", inputs: [tokens, [32, 48], [], [48]], options: microsoft, ...linear },
  { op: "DynamicQuantizeMatMul", inputs: [tokens, [32, 48], [48]], options: microsoft, ...linear },
  { op: "MatMulNBits", inputs: [tokens, [48, 1, 16], [48, 1]], options: microsoft, ...linear },
  { op: "MatMulBnb4", inputs: [tokens, [768], [24]], options: microsoft, ...linear },
  { op: "Gemm", inputs: [[20, 32], [32, 48], [48]], output: [20, 48], flops: linear.flops },
  {
    op: "Gemm",
    inputs: [[32, 20], [32, 48], [48]],
    output: [20, 48],
    options: { attributes: { transA: { int: 1 } } },
    flops: linear.flops,
  },
  // scores and their sum over 7 keys, 32 channels each
  { op: "MultiHeadAttention", inputs: [tokens, [B, 7, 32], [B, 7, 32]], output: tokens, flops: 4 * 20 * 32 * 7 },
  {
    op: "Attention",
    inputs: [
      [B, 4, T, 8],
      [B, 4, 7, 8],
      [B, 4, 7, 8],
    ],
    output: [B, 4, T, 8],
    flops: 4 * 20 * 32 * 7,
  },
  {
    op: "Conv",
    inputs: [
      [B, 3, T, 8],
      [6, 3, 3, 3],
    ],
    output: [B, 6, T, 8],
    flops: 2 * (2 * 6 * 10 * 8) * 27,
  },
  {
    op: "QLinearConv", // channels last; the weight's channels are not
    inputs: [[B, T, 8, 3], [], [], [6, 3, 3, 3], [6], [], [], []],
    output: [B, T, 8, 6],
    options: microsoft,
    flops: 2 * (2 * 6 * 10 * 8) * 27,
  },
  { op: "QuickGelu", inputs: [tokens], output: tokens, flops: 0 },
];

it.each(cases)("$op counts $flops", ({ op, inputs, output, options, flops }) => {
  const g = Graph.create("small", memoryWeights({}), noHooks);
  const values = inputs.map((shape, i): Value | undefined => shape && g.input(`input${i}`, shape));
  g.node(op, values, output, options);
  expect(countFlops(g.nodes, sizes).total).toBe(flops);
});

it("counts a decomposed attention as the op", () => {
  const g = Graph.create("small", memoryWeights({}), noHooks);
  const [query, key] = [g.input("query", [B, 4, T, 8]), g.input("key", [B, 4, 7, 8])];
  const scores = g.softmax(g.matmul(query, g.transpose(key, [0, 1, 3, 2])));
  g.matmul(scores, key);
  expect(countFlops(g.nodes, sizes)).toEqual({ byOp: { MatMul: 4 * 20 * 32 * 7 }, total: 4 * 20 * 32 * 7 });
});
