import { AsyncResource } from "node:async_hooks";
import { createPipeline } from "@skipstep/core";
import { expect, it } from "vitest";
import { emojiConfig } from "../../../test/emoji";
import { engineCache as cacheDir } from "../../../test/run-folder";
import { inGeneration, ownGeneration } from "../src/start/current-generation";

/** How many storages each promise of this process carries a value for; none where Node keeps them otherwise. */
function storages(): number {
  return Object.getOwnPropertySymbols(new AsyncResource("test")).length;
}

it("is of the pipeline that asks, the innermost of several, across awaits", async () => {
  const [one, other] = [{}, {}];
  await inGeneration(one, 1, async () => {
    await inGeneration(other, 2, async () => {
      await Promise.resolve();
      expect([ownGeneration(one), ownGeneration(other), ownGeneration({})]).toEqual([1, 2, undefined]);
      await inGeneration(one, 3, async () => expect([ownGeneration(one), ownGeneration(other)]).toEqual([3, 2]));
    });
    expect([ownGeneration(one), ownGeneration(other)]).toEqual([1, undefined]);
  });
  expect(ownGeneration(one)).toBeUndefined();
});

it("makes promises no dearer, however many pipelines a process has opened", async () => {
  const draw = async (): Promise<number> => {
    const generate = { prompt: "red heart", num_inference_steps: 1, height: 64, width: 64 };
    const pipeline = await createPipeline(emojiConfig({ generate }), { cacheDir });
    await pipeline.generate();
    await pipeline.close();
    return storages();
  };
  const first = await draw();
  for (let i = 0; i < 3; i++) expect(await draw()).toBe(first);
});
