import { describe, expect, it } from "vitest";
import { runSteps } from "./run-steps";

/** What the other blocks add at step i, so that a reused step shows whose residual it took. */
const steps = (...firsts: number[]): { first: number; rest: number }[] =>
  firsts.map((first, i) => ({ first, rest: 10 * (i + 1) }));

const computed = (seen: readonly { computed: boolean }[]): boolean[] => seen.map((step) => step.computed);

describe("the rule of First Block Cache", () => {
  it("reuses strictly below the threshold", async () => {
    const [, equal] = await runSteps({ threshold: 0.08 }, steps(100, 108));
    expect(equal).toMatchObject({ computed: true, difference: 0.08 });
    const [, below] = await runSteps({ threshold: 0.0801 }, steps(100, 108));
    expect(below).toMatchObject({ computed: false, difference: 0.08 });
  });

  it("reuses at the threshold too by diffusers' rule, and computes what is not finite all the same", async () => {
    const rule = "diffusers" as const;
    const [, equal] = await runSteps({ threshold: 0.25, rule }, steps(100, 125)); // exact in float32
    expect(equal).toMatchObject({ computed: false, difference: 0.25 });
    const [, above] = await runSteps({ threshold: 0.2499, rule }, steps(100, 125));
    expect(above).toMatchObject({ computed: true, difference: 0.25 });
    expect(computed(await runSteps({ threshold: 1e9, rule }, steps(0, 0)))).toEqual([true, true]);
  });

  it("adds the residuals of the last computed step, stream by stream", async () => {
    const [, reused] = await runSteps({ threshold: 0.1 }, steps(100, 105));
    // 1 + 105 from the first block of now, 10 from the others of then
    expect(reused).toMatchObject({ computed: false, hidden: 116, encoder: 2 + 20 });
  });

  it("takes a value that is no stream as it was", async () => {
    const [, reused] = await runSteps({ threshold: 0.1 }, steps(100, 105));
    expect(reused!.pooled).toBe(0);
  });

  it("compares with the last computed step, so that drift adds up", async () => {
    const seen = await runSteps({ threshold: 0.08 }, steps(100, 107, 114, 121));
    expect(computed(seen)).toEqual([true, false, true, false]);
    expect(seen.map(({ difference }) => difference && Number(difference.toFixed(4)))).toEqual([
      undefined,
      0.07,
      0.14,
      0.0614, // (121 - 114) / 114
    ]);
    expect(seen[3]!.hidden).toBe(1 + 121 + 30);
  });

  it.each([
    ["nothing moves at all", [0, 0], Number.NaN],
    ["something moves after nothing", [0, 1], Number.POSITIVE_INFINITY],
    ["the model breaks", [100, Number.NaN], Number.NaN],
  ])("computes, and shows it, where %s", async (_, firsts, difference) => {
    const seen = await runSteps({ threshold: 1e9 }, steps(...(firsts as number[])));
    expect(computed(seen)).toEqual([true, true]);
    expect(seen[1]!.difference).toBe(difference);
  });

  it("computes the warm-up without measuring, and compares with its last step", async () => {
    const seen = await runSteps({ threshold: 0.08, warmup_steps: 3 }, steps(100, 100, 200, 210, 300));
    expect(computed(seen)).toEqual([true, true, true, false, true]);
    expect(seen.map(({ difference }) => difference)).toEqual([undefined, undefined, undefined, 0.05, 0.5]);
  });

  it("computes when the size changes within a run", async () => {
    const seen = await runSteps({ threshold: 1e9 }, [
      { first: 100, rest: 10 },
      { first: 100, rest: 20, tokens: 6 },
      { first: 100, rest: 30, tokens: 6 },
    ]);
    expect(computed(seen)).toEqual([true, true, false]);
    expect(seen[2]!.hidden).toBe(1 + 100 + 20);
  });
});

describe("memory of First Block Cache", () => {
  it("is the first block's residual and one of each stream, and only the first while the others are computed", async () => {
    const seen = await runSteps({ threshold: 0.08 }, steps(100, 101, 200, 300));
    expect(computed(seen)).toEqual([true, false, true, true]);
    expect(seen.map(({ keptAfter }) => keptAfter)).toEqual([4, 4, 4, 4]);
    expect(seen.filter((step) => step.computed).map(({ keptWithin }) => keptWithin)).toEqual([1, 1, 1]);
  });

  it("is nothing at threshold 0, nor before the last step of the warm-up", async () => {
    const off = await runSteps({ threshold: 0 }, steps(100, 100));
    expect(off.map((step) => [step.computed, step.keptAfter, step.difference])).toEqual([
      [true, 0, undefined],
      [true, 0, undefined],
    ]);
    const warming = await runSteps({ threshold: 0.08, warmup_steps: 3 }, steps(100, 100, 100));
    expect(warming.map(({ keptAfter }) => keptAfter)).toEqual([0, 0, 4]);
  });
});

describe("TaylorSeer", () => {
  /** The others add i^2 at step i; the first block moves at steps 0, 1, 2, 3 and 6. */
  const squares = [100, 200, 300, 400, 401, 402, 500].map((first, i) => ({ first, rest: i * i }));

  it.each([
    // As in ParaAttention, the first derivative is made at the second step after the first computed one.
    [1, [9 + 5, 9 + 10]],
    [2, [9 + 5 + 1, 9 + 10 + 4]], // second derivative (5 - 3) / 1, halved
    [3, [9 + 5 + 1, 9 + 10 + 4]],
  ])("of order %d continues what the other blocks add", async (taylorseer_order, expected) => {
    const seen = await runSteps({ threshold: 0.1, taylorseer_order }, squares);
    expect(computed(seen)).toEqual([true, true, true, true, false, false, true]);
    expect(seen.slice(4, 6).map(({ hidden }, i) => hidden - 1 - squares[4 + i]!.first)).toEqual(expected);
    expect(seen.slice(4, 6).map(({ encoder }) => encoder - 2)).toEqual(expected.map((rest) => 2 * rest));
  });

  it("repeats the value before there is a derivative", async () => {
    const firsts = [100, 200, 201];
    const seen = await runSteps(
      { threshold: 0.1, taylorseer_order: 2 },
      firsts.map((first, i) => ({ first, rest: 5 * (i + 1) })),
    );
    expect(seen[2]).toMatchObject({ computed: false, hidden: 1 + 201 + 10 });
  });

  it("learns from the whole warm-up, and measures nothing in it", async () => {
    const seen = await runSteps({ threshold: 0.1, taylorseer_order: 1, warmup_steps: 3 }, [
      { first: 100, rest: 10 },
      { first: 100, rest: 12 },
      { first: 100, rest: 14 },
      { first: 100, rest: 99 },
    ]);
    expect(computed(seen)).toEqual([true, true, true, false]);
    expect(seen.map(({ difference }) => difference)).toEqual([undefined, undefined, undefined, 0]);
    expect(seen[3]!.hidden).toBe(1 + 100 + 16);
    // The first block's residual; value and derivative of each of three tensors.
    expect(seen.map(({ keptAfter }) => keptAfter)).toEqual([4, 4, 7, 7]);
  });
});
