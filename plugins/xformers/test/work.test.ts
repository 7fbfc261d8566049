import { expect, it } from "vitest";
import { countFlops } from "../../../packages/core/src/compiler/flops";
import { activationBytes } from "../../../packages/core/src/compiler/memory-estimate";
import { size } from "../../../packages/core/src/graph/dim";
import { Graph } from "../../../packages/core/src/graph/graph";
import type { Op } from "../src/index";
import { LocalAttentionFromBottomRightMask, memoryEfficientAttention } from "../src/index";
import type { MemoryEfficientAttentionOptions } from "../src/memory-efficient-attention";

const sizes = { T: 4096 };
const noHooks = { weightLoad: () => undefined, attention: () => undefined };

/** 16 heads of size 72, tokens that are known at run time only. */
function graphOf(options: MemoryEfficientAttentionOptions): Graph {
  const g = Graph.create("attention", {} as never, noHooks);
  const [query, key, value] = ["q", "k", "v"].map((name) => g.input(name, [1, size("T"), 16, 72]));
  g.output("y", memoryEfficientAttention(g, query!, key!, value!, options));
  return g;
}

it.each(["flash", "cutlass"] as const)("multiplies keys in sight only: %s", (op: Op) => {
  const flops = (width: number): number => {
    const attnBias = new LocalAttentionFromBottomRightMask({ window_left: width, window_right: width });
    return countFlops(graphOf({ op, attnBias, blockSize: 256 }).nodes, sizes).total;
  };
  const all = countFlops(graphOf({ op }).nodes, sizes).total;
  expect(all).toBe(4 * 4096 * 4096 * 16 * 72);
  for (const width of [64, 256, 1024]) expect(flops(width)).toBe((all * (256 + 2 * width)) / 4096);
  expect(flops(100_000)).toBe(all);
});

it("holds the scores of one block of queries at a time", () => {
  const bytes = (blockSize: number): number => activationBytes(graphOf({ op: "cutlass", blockSize }), sizes);
  const scores = 16 * 4096 * 4;
  expect(bytes(512) - bytes(256)).toBeGreaterThan(256 * scores);
  expect(bytes(256) - bytes(128)).toBeGreaterThan(128 * scores);
  expect(activationBytes(graphOf({ op: "math" }), sizes)).toBeGreaterThan(2 * 4096 * scores);
});
