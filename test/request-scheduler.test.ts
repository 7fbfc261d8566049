import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  createPipeline,
  type Pipeline,
  planFromPictures,
  readRecipe,
  type StepEvent,
  validateConfig,
} from "@skipstep/core";
import { afterAll, beforeAll, expect, it } from "vitest";
import { readText } from "../packages/cli/test/png-text";

const cacheDir = mkdtempSync(join(tmpdir(), "skipstep-scheduler-"));
const config = join(import.meta.dirname, "../configs/emoji.json");
const steps = 4;
const request = { prompt: "red heart", seed: 3, num_inference_steps: steps };
/** Solvers of noise that space the flow by themselves. */
const flow = { use_flow_sigmas: true, prediction_type: "flow_prediction" };
let pipeline: Pipeline;

beforeAll(async () => {
  pipeline = await createPipeline(config, { cacheDir });
});
afterAll(async () => {
  await pipeline.close();
  rmSync(cacheDir, { recursive: true });
});

it.each(["UniPCMultistepScheduler", "DPMSolverMultistepScheduler"])(
  "of a request draws what the config's would, and stands in the recipe: %s",
  async (type) => {
    const scheduler = { type, ...flow };
    const { images, recipe } = await pipeline.generate({ ...request, scheduler });
    const other = await createPipeline({ extends: config, scheduler }, { cacheDir });
    try {
      const expected = await other.generate(request);
      expect(images[0]!.data).toEqual(expected.images[0]!.data);
      expect(recipe).toEqual(expected.recipe);
    } finally {
      await other.close();
    }
    const plain = await pipeline.generate(request);
    expect(plain.images[0]!.data).not.toEqual(images[0]!.data);
    expect(plain.recipe.config.scheduler).toMatchObject({ type: "FlowMatchEulerDiscreteScheduler" });
  },
);

it("of a request is checked before anything is drawn", async () => {
  const wrong = [
    [{ type: "DDIMScheduler" }, "SKIPSTEP_SCHEDULER_UNFIT"],
    [{ type: "EulerScheduler" }, "SKIPSTEP_SCHEDULER_UNKNOWN"],
    [{ shift: "much" }, "SKIPSTEP_SCHEDULER_OPTION_INVALID"],
    ["DDIMScheduler", "SKIPSTEP_REQUEST_INVALID"],
  ] as const;
  const checked = await validateConfig(config);
  for (const [scheduler, code] of wrong) {
    await expect(pipeline.generate({ ...request, scheduler: scheduler as never })).rejects.toMatchObject({ code });
    if (typeof scheduler === "object")
      await expect(planFromPictures(checked, { prompt: "x", scheduler })).rejects.toMatchObject({ code });
  }
});

it("shows previews after the steps that a function says yes to", async () => {
  const seen: number[] = [];
  const asked: [number, number][] = [];
  await pipeline.generate({
    ...request,
    previews: (step, of) => asked.push([step, of]) > 0 && step % 2 === 1,
    onProgress: (event) => {
      if (event.kind === "step" && (event as StepEvent).previews) seen.push(event.step);
    },
  });
  expect(asked).toEqual([1, 2, 3, 4].map((step) => [step, steps]));
  expect(seen).toEqual([1, 3]);
});

it("writes texts of others into a PNG, beside the recipe", async () => {
  const { images } = await pipeline.generate(request);
  const png = await images[0]!.toPng({ texts: { parameters: "red heart\nSteps: 4" } });
  expect(readText(Buffer.from(png)).parameters).toBe("red heart\nSteps: 4");
  expect(readRecipe(png, "a.png").config.generate.seed).toBe(3);
  const bare = Buffer.from(await images[0]!.toPng({ texts: { a: "b" }, recipe: false }));
  expect(readText(bare)).toEqual({ a: "b" });
});
