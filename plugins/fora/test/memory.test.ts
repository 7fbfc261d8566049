import { madeRun, madeStep, testRuntime } from "@skipstep/contract/graph";
import { floats } from "@skipstep/core/model";
import { expect, it } from "vitest";
import { Fora } from "../src/index";

const region = { name: "blocks.0.attn", index: 0, from: "blocks.0.attn", to: "blocks.0.attn" };

/** What came out at each step, where the branch gives the step's number, and the bytes that are kept after it. */
async function runSteps(interval: number, count: number, tokens: (index: number) => number, begin = 0) {
  const plugin = new Fora({ interval });
  const run = madeRun(count);
  const runtime = await testRuntime();
  const seen: { value: number; kept: number }[] = [];
  await runtime.generation(async () => {
    for (let index = begin; index < count; index++)
      await runtime.pass(async () => {
        const filled = (value: number) =>
          runtime.upload(floats([tokens(index)], new Float32Array(tokens(index)).fill(value)));
        const step = madeStep(run, index);
        const call = { step, region, record: () => undefined };
        const outputs = await plugin.blockForward(call, { hidden: filled(9) }, async () => ({ out: filled(index) }));
        seen.push({ value: Number((await outputs.out!.read()).data[0]), kept: runtime.keptBytes });
      });
  });
  return { values: seen.map(({ value }) => value), kept: seen.map(({ kept }) => kept) };
}

it("takes the last computed output, and keeps one, while a step is to take it", async () => {
  const { values, kept } = await runSteps(3, 8, () => 1);
  expect(values).toEqual([0, 1, 1, 1, 4, 4, 4, 7]);
  expect(kept).toEqual([0, 4, 4, 4, 4, 4, 4, 0]);
});

it("keeps nothing with interval 1", async () => {
  expect((await runSteps(1, 3, () => 1)).kept).toEqual([0, 0, 0]);
});

it("computes when the size changes within a run", async () => {
  expect((await runSteps(4, 5, (index) => (index < 2 ? 1 : 2))).values).toEqual([0, 0, 2, 2, 4]);
});

it("computes first where a run begins in the middle", async () => {
  expect((await runSteps(3, 8, () => 1, 2)).values).toEqual([2, 2, 4, 4, 4, 7]);
});
