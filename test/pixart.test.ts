import { join } from "node:path";
import { createPipeline, type GenerateConfig, validateConfig } from "@skipstep/core";
import { describe, expect, it } from "vitest";
import { engineCache as cacheDir } from "./run-folder";

const folder = (name: string): string => join(import.meta.dirname, "golden/pipelines", name);

/** Of 64 pixels, for which there are no sizes to choose from. */
const sigma = folder("pixart");
/** Of 1024 pixels. */
const alpha = folder("pixart-alpha");

it("is guided the same in one batch and in two passes", async () => {
  const generate = { num_inference_steps: 3, height: 48, width: 64, seed: 3, use_resolution_binning: false };
  const request = { prompt: ["red heart", "cat"], negative_prompt: "blue", num_images_per_prompt: 2 };
  const images = [];
  for (const guidance of ["batch", "separate"] as const) {
    const pipeline = await createPipeline({ model: alpha, generate, guidance }, { cacheDir });
    images.push((await pipeline.generate(request)).images[3]!.values);
    await pipeline.close();
  }
  const [batch, separate] = images as [Float32Array, Float32Array];
  expect(Math.max(...batch.map((value, i) => Math.abs(value - separate[i]!)))).toBeLessThan(1e-4);
});

it("chooses a size where the model has some, and draws any", async () => {
  const pipeline = await createPipeline({ model: alpha, generate: { num_inference_steps: 1, seed: 1 } }, { cacheDir });
  const { images, latents, recipe } = await pipeline.generate({ prompt: "cat", height: 37, width: 101 });
  expect([images[0]!.width, images[0]!.height]).toEqual([101, 37]);
  expect(latents.shape).toEqual([1, 4, 72, 208]); // 576 x 1664
  expect(recipe.config.generate).toMatchObject({
    height: 37,
    width: 101,
    use_resolution_binning: true,
    clean_caption: false,
    max_sequence_length: 120,
  });
  await pipeline.close();
});

it("draws the size that it is asked for where the model has none to choose from", async () => {
  const pipeline = await createPipeline({ model: sigma, generate: { num_inference_steps: 1, seed: 1 } }, { cacheDir });
  const { latents, recipe } = await pipeline.generate({ prompt: "cat" });
  expect(latents.shape).toEqual([1, 4, 8, 8]);
  expect(recipe.config.generate).toMatchObject({ use_resolution_binning: false, max_sequence_length: 300 });
  await pipeline.close();
});

describe("what cannot be done", () => {
  it.each<[string, string, GenerateConfig, RegExp]>([
    ["cleaning captions", sigma, { clean_caption: true }, /clean_caption must be false: prompts are taken as they are/],
    [
      "choosing a size where there is none",
      sigma,
      { use_resolution_binning: true },
      /must be false for a model of samp/,
    ],
    ["half a patch", sigma, { height: 56 }, /height must be a multiple of 16, found 56/],
    ["the same of a model that may choose", alpha, { use_resolution_binning: false, width: 100 }, /multiple of 16/],
    ["a second prompt", alpha, { prompt_2: "cat" }, /prompt_2 is not for PixArtAlphaPipeline/],
  ])("%s", async (_, model, generate, message) => {
    await expect(validateConfig({ model, generate })).rejects.toThrow(message);
  });
});
