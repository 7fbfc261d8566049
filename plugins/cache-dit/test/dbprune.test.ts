import { describe, expect, it } from "vitest";
import { pruneThreshold } from "../src/dbprune";
import { optionsWith, runToy } from "./toy";

describe("DBPrune", () => {
  it("prunes as the reference does", async () => {
    const seen = await runToy({
      options: { cache_type: "DBPrune", Fn_compute_blocks: 1, max_warmup_steps: 2, residual_diff_threshold: 0.003 },
      steps: 6,
      hidden: 10,
      adds: (_, step) => 1 + 0.02 * step,
      encoderAdds: () => 1,
    });
    expect(seen.map(({ reused }) => reused.length)).toEqual([0, 0, 3, 0, 3, 0]);
    expect(seen.map(({ hidden }) => Number(hidden.toFixed(3)))).toEqual([14, 14.08, 14.1, 14.24, 14.26, 14.4]);
    expect(seen.map(({ encoder }) => encoder)).toEqual(Array(6).fill(4));
  });

  it("raises its threshold to the first five changes of the step, up to a limit", () => {
    const options = optionsWith({ residual_diff_threshold: 0.1, enable_dynamic_prune_threshold: true });
    const threshold = (measured: readonly number[], more = {}): number =>
      pruneThreshold({ ...options, ...more }, measured);
    expect(threshold([])).toBe(0.1);
    expect(threshold([0.12, 0.12, 0.12, 0.12, 0.12, 9])).toBeCloseTo(0.15);
    expect(threshold([0, Number.NaN, 0.12])).toBeCloseTo(0.15);
    expect(threshold([0.02])).toBe(0.1);
    expect(threshold([0.16])).toBe(0.1); // 0.2 is twice the threshold
    expect(threshold([0.16], { max_dynamic_prune_threshold: 0.3 })).toBeCloseTo(0.2);
    expect(threshold([0.12], { dynamic_prune_threshold_relax_ratio: 1.5 })).toBeCloseTo(0.18);
    expect(threshold([0.12], { enable_dynamic_prune_threshold: false })).toBe(0.1);
  });
});
