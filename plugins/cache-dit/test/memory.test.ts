import { describe, expect, it } from "vitest";
import type { CacheDitOptions } from "../src/index";
import { runToy, type Toy } from "./toy";

/** Of 4 tokens of 8 channels. */
const tensor = 4 * 8 * 4;

/** Tensors that are kept while the middle is computed and after each step, for blocks that all move a little. */
async function kept(options: Partial<CacheDitOptions>, toy: Partial<Toy> = {}): Promise<[number[], number[]]> {
  const seen = await runToy({
    steps: 6,
    adds: (block, step) => 1 + block + 0.1 * step,
    encoderAdds: () => 1,
    ...toy,
    options: { Fn_compute_blocks: 1, max_warmup_steps: 0, ...options },
  });
  const within = seen.flatMap(({ keptWithin }) => (keptWithin === undefined ? [] : [keptWithin / tensor]));
  return [within, seen.map(({ keptAfter }) => keptAfter / tensor)];
}

describe("memory of cache-dit", () => {
  it("is the indicator and one tensor of each stream, only the first while the middle is computed, and ends with the last step", async () => {
    expect(await kept({ residual_diff_threshold: 0.01 })).toEqual([
      [1, 1, 1, 1, 1, 0],
      [3, 3, 3, 3, 3, 0],
    ]);
  });

  it("is nothing at threshold 0, in steps of the warm-up but the last, and after the last reuse", async () => {
    expect((await kept({ residual_diff_threshold: 0 }))[1]).toEqual([0, 0, 0, 0, 0, 0]);
    expect((await kept({ residual_diff_threshold: 0.01, max_warmup_steps: 3 }))[1]).toEqual([0, 0, 3, 3, 3, 0]);
    const limited = { residual_diff_threshold: 0.9, max_cached_steps: 2 };
    expect((await kept(limited))[1]).toEqual([3, 3, 3, 0, 0, 0]);
  });

  it("has no indicator where nothing is compared", async () => {
    expect((await kept({ residual_diff_threshold: 1 }))[1]).toEqual([2, 2, 2, 2, 2, 2]);
    const steps_computation_mask = [1, 0, 1, 1, 0, 1];
    const masked = await kept({ steps_computation_mask, steps_computation_policy: "static" });
    expect(masked[1]).toEqual([2, 2, 0, 2, 2, 0]);
  });

  it("has a smaller indicator with downsample_factor", async () => {
    expect((await kept({ residual_diff_threshold: 0.01, downsample_factor: 4 }))[1][0]).toBe(2.25);
  });

  it("is two tensors a stream with TaylorSeer of order 1, one of them while the middle is computed", async () => {
    const options = { residual_diff_threshold: 0.01, calibrator_type: "taylorseer", max_warmup_steps: 5 } as const;
    expect(await kept(options, { steps: 7 })).toEqual([
      [0, 2, 2, 2, 3, 3, 0],
      [2, 2, 2, 4, 5, 5, 0],
    ]);
  });

  it("of what was refreshed is gone", async () => {
    const options = { residual_diff_threshold: 0.9, force_refresh_step_hint: 2 };
    expect((await kept(options))[1]).toEqual([3, 3, 3, 3, 3, 3]);
  });

  it("is one indicator and one tensor of each stream for each block with DBPrune", async () => {
    const options = { cache_type: "DBPrune", residual_diff_threshold: 0.9 } as const;
    expect((await kept(options, { hidden: 1 }))[1]).toEqual([9, 9, 9, 9, 9, 9]);
  });
});
