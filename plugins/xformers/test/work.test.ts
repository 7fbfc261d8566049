import { newGraph } from "@skipstep/contract/graph";
import { type Graph, graphCost, size } from "@skipstep/core/model";
import { expect, it } from "vitest";
import type { Op } from "../src/index";
import { LocalAttentionFromBottomRightMask, memoryEfficientAttention } from "../src/index";
import type { MemoryEfficientAttentionOptions } from "../src/memory-efficient-attention";

const sizes = { T: 4096 };

/** 16 heads of size 72, tokens that are known at run time only. */
function graphOf(options: MemoryEfficientAttentionOptions): Graph {
  const g = newGraph({ component: "attention" });
  const [query, key, value] = ["q", "k", "v"].map((name) => g.input(name, [1, size("T"), 16, 72]));
  g.output("y", memoryEfficientAttention(g, query!, key!, value!, options));
  return g;
}

it.each(["flash", "cutlass"] as const)("multiplies keys in sight only: %s", (op: Op) => {
  const flops = (width: number): number => {
    const attnBias = new LocalAttentionFromBottomRightMask({ window_left: width, window_right: width });
    return graphCost(graphOf({ op, attnBias, blockSize: 256 }), sizes).flops.total;
  };
  const all = graphCost(graphOf({ op }), sizes).flops.total;
  expect(all).toBe(4 * 4096 * 4096 * 16 * 72);
  for (const width of [64, 256, 1024]) expect(flops(width)).toBe((all * (256 + 2 * width)) / 4096);
  expect(flops(100_000)).toBe(all);
});

it("holds the scores of one block of queries at a time", () => {
  const bytes = (blockSize: number): number => graphCost(graphOf({ op: "cutlass", blockSize }), sizes).activationBytes;
  const scores = 16 * 4096 * 4;
  expect(bytes(512) - bytes(256)).toBeGreaterThan(256 * scores);
  expect(bytes(256) - bytes(128)).toBeGreaterThan(128 * scores);
  expect(graphCost(graphOf({ op: "math" }), sizes).activationBytes).toBeGreaterThan(2 * 4096 * scores);
});
