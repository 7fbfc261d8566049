import { join } from "node:path";
import {
  createPipeline,
  type GenerateRequest,
  type GenerateResult,
  type Pipeline,
  validateConfig,
} from "@skipstep/core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { engineCache as cacheDir } from "./run-folder";

const model = join(import.meta.dirname, "golden/pipelines/sd3");
const generate = { num_inference_steps: 3, height: 48, width: 64, seed: 3 };
let pipeline: Pipeline;

beforeAll(async () => {
  pipeline = await createPipeline({ model, generate }, { cacheDir });
});
afterAll(() => pipeline.close());

/** Largest difference of two generations' first images, 0..1. */
function difference({ images: [a] }: GenerateResult, { images: [b] }: GenerateResult): number {
  return a!.values.reduce((most, value, i) => Math.max(most, Math.abs(value - b!.values[i]!)), 0);
}

it("is guided the same in one batch and in two passes", async () => {
  const separate = await createPipeline({ model, generate, guidance: "separate" }, { cacheDir });
  const request = { prompt: ["red heart", "cat"], negative_prompt: "blue", num_images_per_prompt: 2 };
  expect(difference(await separate.generate(request), await pipeline.generate(request))).toBeLessThan(1e-4);
  await separate.close();
});

it("tells that a negative prompt has no effect without guidance", async () => {
  const { report } = await pipeline.generate({ prompt: "cat", negative_prompt: "blue", guidance_scale: 1 });
  expect(report.warnings).toEqual([expect.stringMatching(/^The negative prompt had no effect/)]);
});

describe("prompts", () => {
  it.each(["prompt_2", "prompt_3", "negative_prompt_2", "negative_prompt_3"] as const)(
    "%s is for a text encoder of its own",
    async (key) => {
      const same = await pipeline.generate({ prompt: "cat", negative_prompt: "cat", [key]: "cat" });
      const none = await pipeline.generate({ prompt: "cat", negative_prompt: "cat" });
      expect(none.images[0]!.values).toEqual(same.images[0]!.values);
      const other = await pipeline.generate({ prompt: "cat", negative_prompt: "cat", [key]: "red house" });
      expect(difference(other, same)).toBeGreaterThan(0.001);
    },
  );

  it("that are too long are cut, with a warning for each text encoder", async () => {
    const request = { prompt: "red heart ".repeat(20), guidance_scale: 1, max_sequence_length: 24 };
    const { report } = await pipeline.generate(request);
    expect(report.warnings).toEqual([
      expect.stringMatching(/^text_encoder: The prompt .*there is room for 16\. The rest was cut/),
      expect.stringMatching(/^text_encoder_2: The prompt .*there is room for 16\. The rest was cut/),
      expect.stringMatching(/^text_encoder_3: The prompt .*there is room for 24\. The rest was cut/),
    ]);
  });
});

it("takes image-to-image's own defaults when it begins with an image", async () => {
  const { images, recipe } = await pipeline.generate({ prompt: "cat" });
  expect(recipe.config.generate).toMatchObject({ guidance_scale: 7, max_sequence_length: 256, strength: 1 });
  const again = await pipeline.generate({ prompt: "cat", picture: images[0]! });
  expect(again.recipe.config.generate.strength).toBe(0.6);
});

describe("what cannot be done", () => {
  it.each<[string, GenerateRequest, RegExp]>([
    ["more than the positions reach", { width: 272 }, /width must be <= 256 for this model, found 272/],
    ["half a patch", { height: 56 }, /height must be a multiple of 16, found 56; nearest: 64/],
    ["longer prompts", { max_sequence_length: 513 }, /max_sequence_length must be <= 512, found 513/],
    ["no layer left", { clip_skip: 9 }, /clip_skip must be a whole number from 0 to/],
    ["timesteps", { timesteps: [900, 500, 100] }, /timesteps is not for StableDiffusion3Pipeline/],
  ])("%s", async (_, request, message) => {
    await expect(pipeline.generate({ prompt: "cat", ...request })).rejects.toThrow(message);
  });

  it("a scheduler that is for no flow", async () => {
    const config = { model, scheduler: { type: "DDIMScheduler" } };
    await expect(validateConfig(config)).rejects.toThrow(
      /StableDiffusion3Pipeline cannot use the scheduler DDIMScheduler/,
    );
  });
});
