import { madeRun, madeStep, testRuntime } from "@skipstep/contract/graph";
import { floats } from "@skipstep/core/model";
import { expect, it } from "vitest";
import { DeepCache, type DeepCacheOptions } from "../src/index";

const region = { name: "deep", index: 0, from: "down_blocks.0.resnets.0", to: "up_blocks.1.resnets.1" };
const defaults = { cache_interval: 3, cache_branch_id: 0, skip_mode: "uniform", center: 15, pow: 1.4 } as const;

interface GivenStep {
  readonly index: number;
  readonly timestep: number;
  readonly size?: number;
}

/** What came out at each step, where the deep layers give the step's number, and the bytes that are kept after it. */
async function runSteps(options: Partial<DeepCacheOptions>, count: number, steps: readonly GivenStep[]) {
  const plugin = new DeepCache({ ...defaults, ...options });
  const run = madeRun(count);
  const runtime = await testRuntime();
  const values: number[] = [];
  const kept: number[] = [];
  await runtime.generation(async () => {
    for (const { index, timestep, size = 1 } of steps)
      await runtime.pass(async () => {
        const filled = (value: number) => runtime.upload(floats([size], new Float32Array(size).fill(value)));
        const step = madeStep(run, index, { timestep });
        const call = { step, region, record: () => undefined };
        const { hidden } = await plugin.blockForward(call, { hidden: filled(9) }, async () => ({
          hidden: filled(index),
        }));
        values.push(Number((await hidden!.read()).data[0]));
        kept.push(runtime.keptBytes);
      });
  });
  return { values, kept };
}

const stepsOf = (...timesteps: number[]): GivenStep[] => timesteps.map((timestep, index) => ({ index, timestep }));

it("computes every n-th step and keeps one output until it is replaced or the last step is over", async () => {
  const { values, kept } = await runSteps({}, 7, stepsOf(7, 6, 5, 4, 3, 2, 1));
  expect(values).toEqual([0, 0, 0, 3, 3, 3, 6]);
  expect(kept).toEqual([4, 4, 4, 4, 4, 4, 0]);
});

it("keeps nothing with interval 1", async () => {
  expect((await runSteps({ cache_interval: 1 }, 2, stepsOf(2, 1))).kept).toEqual([0, 0]);
});

it("stays where it is while a solver visits a timestep again", async () => {
  const { values } = await runSteps({ cache_interval: 2 }, 6, stepsOf(9, 7, 7, 5, 3, 1));
  expect(values).toEqual([0, 0, 0, 0, 4, 4]);
});

it("computes around the center", async () => {
  const { values } = await runSteps({ skip_mode: "nonuniform", center: 5 }, 20, stepsOf(...Array(20).keys()));
  expect([...new Set(values)]).toEqual([0, 3, 5, 6, 9, 12, 16]);
});

it("computes when the size changes within a run, and where a run begins in the middle", async () => {
  const steps = stepsOf(9, 8, 7, 6).map((step) => ({ ...step, size: step.index < 2 ? 1 : 2 }));
  expect((await runSteps({}, 4, steps)).values).toEqual([0, 0, 2, 3]);
  expect((await runSteps({}, 8, stepsOf(9, 8, 7, 6, 5).slice(1))).values).toEqual([1, 1, 3, 3]);
});
