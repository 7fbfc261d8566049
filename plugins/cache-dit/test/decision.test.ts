import { describe, expect, it } from "vitest";
import type { CacheDitOptions } from "../src/index";
import { runToy, type SeenPass, type Toy } from "./toy";

/** The vectors of cache-dit 1.5.3: block 0 adds 1 + 0.04 s at step s, the three others 1 + s each. */
function run(options: Partial<CacheDitOptions>, toy: Partial<Toy> = {}): Promise<SeenPass[]> {
  return runToy({
    steps: 10,
    adds: (block, step) => (block === 0 ? 1 + 0.04 * step : 1 + step),
    ...toy,
    options: { Fn_compute_blocks: 1, max_warmup_steps: 2, residual_diff_threshold: 0.1, ...options },
  });
}

const stepsOf = (seen: readonly SeenPass[]): number[] =>
  seen.flatMap(({ reused }, step) => (reused.includes("middle") ? [step] : []));
const outputsOf = (seen: readonly SeenPass[]): number[] => seen.map(({ hidden }) => Number(hidden.toFixed(3)));
const differencesOf = (seen: readonly SeenPass[]): Record<number, number> =>
  Object.fromEntries(
    seen.flatMap(({ numbers: { residual_diff: found } }, step) =>
      found === undefined ? [] : [[step, Number(found.toFixed(4))]],
    ),
  );

const begin = [4, 7.04, 7.08, 7.12];

describe("cache-dit decides as the reference", () => {
  it.each<[string, Partial<CacheDitOptions>, number[], number[]]>([
    ["without limits", {}, [2, 3, 5, 6, 8, 9], [...begin, 16.16, 16.2, 16.24, 25.28, 25.32, 25.36]],
    [
      "with max_continuous_cached_steps",
      { max_continuous_cached_steps: 1 },
      [2, 4, 6, 8],
      [4, 7.04, 7.08, 13.12, 13.16, 19.2, 19.24, 25.28, 25.32, 31.36],
    ],
    ["with max_cached_steps", { max_cached_steps: 3 }, [2, 3, 5], [...begin, 16.16, 16.2, 22.24, 25.28, 28.32, 31.36]],
    [
      "with max_accumulated_residual_diff_threshold",
      { max_accumulated_residual_diff_threshold: 0.2 },
      [2, 3],
      [...begin, 16.16, 19.2, 22.24, 25.28, 28.32, 31.36],
    ],
    [
      "with a static mask",
      { steps_computation_mask: [1, 1, 1, 0, 0, 1, 0, 0, 0, 1], steps_computation_policy: "static" },
      [3, 4, 6, 7, 8],
      [4, 7.04, 10.08, 10.12, 10.16, 19.2, 19.24, 19.28, 19.32, 31.36],
    ],
    [
      "with warmup_interval",
      { max_warmup_steps: 6, warmup_interval: 2 },
      [1, 3, 5, 6, 8, 9],
      [4, 4.04, 10.08, 10.12, 16.16, 16.2, 16.24, 25.28, 25.32, 25.36],
    ],
    [
      "at threshold 1",
      { residual_diff_threshold: 1 },
      [2, 3, 4, 5, 6, 7, 8, 9],
      [4, 7.04, 7.08, 7.12, 7.16, 7.2, 7.24, 7.28, 7.32, 7.36],
    ],
    [
      "with Bn_compute_blocks",
      { Bn_compute_blocks: 1 },
      [2, 3, 5, 6, 8, 9],
      [4, 7.04, 8.08, 9.12, 16.16, 17.2, 18.24, 25.28, 26.32, 27.36],
    ],
  ])("%s", async (_, options, steps, outputs) => {
    const seen = await run(options);
    expect(stepsOf(seen)).toEqual(steps);
    expect(outputsOf(seen)).toEqual(outputs);
  });

  it("and records what it measured", async () => {
    expect(differencesOf(await run({}))).toEqual({
      2: 0.0385,
      3: 0.0769,
      4: 0.1154,
      5: 0.0345,
      6: 0.069,
      7: 0.1034,
      8: 0.0313,
      9: 0.0625,
    });
    const limited = await run({ max_accumulated_residual_diff_threshold: 0.2 });
    expect(differencesOf(limited)).toEqual({ 2: 0.0385, 3: 0.0769, 4: 0.1154 });
    const always = await run({ residual_diff_threshold: 1 });
    expect(Object.values(differencesOf(always))).toEqual(Array(8).fill(-1));
    const masked = await run({
      steps_computation_mask: [1, 1, 1, 0, 0, 1, 0, 0, 0, 1],
      steps_computation_policy: "static",
    });
    expect(differencesOf(masked)).toEqual({});
  });

  it("in both branches of separate guidance, each by itself", async () => {
    const seen = await run({}, { steps: 6, branches: ["cond", "uncond"] });
    expect(outputsOf(seen)).toEqual([4, 7.04, 7.08, 7.12, 16.16, 16.2].flatMap((value) => [value, value]));
    expect(seen.map(({ numbers }) => Object.keys(numbers))).toEqual([
      ...Array(4).fill([]),
      ...Array(4)
        .fill([["residual_diff"], ["cfg_residual_diff"]])
        .flat(),
    ]);
  });
});

describe("cache-dit", () => {
  it("computes at a difference equal to the threshold", async () => {
    const adds = (block: number, step: number): number => (block === 0 ? 8 + step : 1);
    const seen = await run({ residual_diff_threshold: 0.125, max_warmup_steps: 0 }, { steps: 2, adds });
    expect(seen[1]).toMatchObject({ reused: [], numbers: { residual_diff: 0.125 } });
  });

  it.each([
    ["nothing moves at all", [0, 0, 1], Number.NaN],
    ["something moves after nothing", [0, 1, 1], Number.POSITIVE_INFINITY],
  ])("computes, and shows it, where %s", async (_, firsts, difference) => {
    const adds = (block: number, step: number): number => (block === 0 ? firsts[step]! : 1);
    const seen = await run(
      { max_warmup_steps: 0, residual_diff_threshold: 0.99, max_accumulated_residual_diff_threshold: 9 },
      { steps: 3, adds },
    );
    expect(seen[1]).toMatchObject({ reused: [], numbers: { residual_diff: difference } });
    // Step 2 is still looked at: what is no finite number does not count against the limit.
    expect(seen[2]!.numbers.residual_diff).toBe(firsts[1] === 0 ? Number.POSITIVE_INFINITY : 0);
  });

  it("computes when the size changes within a run, at any threshold", async () => {
    const seen = await run(
      { max_warmup_steps: 0, residual_diff_threshold: 1 },
      { steps: 4, size: (step) => [step < 2 ? 4 : 6, 8] },
    );
    expect(seen.map(({ reused }) => reused.length)).toEqual([0, 1, 0, 1]);
    expect(seen[2]!.numbers.residual_diff).toBe(-2);
  });

  it("begins anew where a run begins late, even within the zeros of a static mask", async () => {
    const seen = await run(
      { steps_computation_mask: [1, 1, 0, 0, 0, 0], steps_computation_policy: "static" },
      { steps: 6, firstStep: 3 },
    );
    expect(stepsOf(seen)).toEqual([1, 2]); // steps 4 and 5 of the schedule
  });

  it.each([
    ["once", [2, 3, 4, 7, 8, 9]],
    ["repeat", [2, 3, 4, 7, 8, 9]],
  ] as const)("forgets at the refresh, %s", async (force_refresh_step_policy, steps) => {
    const options = { residual_diff_threshold: 1, force_refresh_step_hint: 5, force_refresh_step_policy };
    expect(stepsOf(await run(options))).toEqual(steps);
    const longer = stepsOf(await run(options, { steps: 13 }));
    expect(longer).toEqual([...steps, ...(force_refresh_step_policy === "once" ? [10, 11, 12] : [12])]);
  });

  it("decides the second branch by the prompt's difference when told to", async () => {
    // The second branch moves by half each step, the first one by a hundredth.
    const adds = (block: number, step: number, branch: string): number =>
      block === 0 ? 1 + (branch === "cond" ? 0.01 : 0.5) * step : 1;
    const branches = ["cond", "uncond"] as const;
    const apart = await run({ max_warmup_steps: 0 }, { steps: 2, adds, branches });
    expect(apart.map(({ reused }) => reused.length)).toEqual([0, 0, 1, 0]);
    const together = await run({ max_warmup_steps: 0, cfg_diff_compute_separate: false }, { steps: 2, adds, branches });
    expect(together.map(({ reused }) => reused.length)).toEqual([0, 0, 1, 1]);
    expect(together[3]!.numbers.cfg_residual_diff).toBe(together[2]!.numbers.residual_diff);
  });

  it("compares what leaves the first blocks with l1_hidden_states_diff_threshold", async () => {
    const seen = await run(
      { max_warmup_steps: 0, l1_hidden_states_diff_threshold: 0.05 },
      { steps: 2, hidden: 9, adds: (block, step) => (block === 0 ? 1 + 0.4 * step : 1) },
    );
    expect(seen[1]!.reused).toEqual(["middle"]);
    expect(seen[1]!.numbers.residual_diff).toBeCloseTo(0.04, 6); // 0.4 of 10; the residual alone moved by 0.4 of 1
  });
});
