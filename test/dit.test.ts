import { cpSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import {
  createPipeline,
  type GenerateRequest,
  type GenerateResult,
  type Pipeline,
  validateConfig,
} from "@skipstep/core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { temporaryFolder } from "./emoji";
import { engineCache as cacheDir } from "./run-folder";

const model = join(import.meta.dirname, "golden/pipelines/dit");
const generate = { num_inference_steps: 3, seed: 3 };
let pipeline: Pipeline;

beforeAll(async () => {
  pipeline = await createPipeline({ model, generate }, { cacheDir });
});
afterAll(() => pipeline.close());

/** Largest difference of two generations' first images, 0..1. */
function difference({ images: [a] }: GenerateResult, { images: [b] }: GenerateResult): number {
  return a!.values.reduce((most, value, i) => Math.max(most, Math.abs(value - b!.values[i]!)), 0);
}

it("makes an image of each class", async () => {
  const both = await pipeline.generate({ class_labels: [207, 1] });
  expect(both.images.length).toBe(2);
  expect(difference(both, await pipeline.generate({ class_labels: [207] }))).toBeLessThan(1e-4);
});

it("is guided the same in one batch and in two passes", async () => {
  const separate = await createPipeline({ model, generate, guidance: "separate" }, { cacheDir });
  const request = { class_labels: [207, 1] };
  expect(difference(await separate.generate(request), await pipeline.generate(request))).toBeLessThan(1e-4);
  await separate.close();
});

it("is guided away from no class", async () => {
  const none = await pipeline.generate({ class_labels: [1000], guidance_scale: 5 });
  expect(difference(none, await pipeline.generate({ class_labels: [1000], guidance_scale: 1 }))).toBeLessThan(1e-4);
});

it("is not guided at 1 and below", async () => {
  const [one, less] = [1, 0.4].map((guidance_scale) => pipeline.generate({ class_labels: [207], guidance_scale }));
  expect((await less!).images[0]!.values).toEqual((await one!).images[0]!.values);
});

it("makes images of other sizes than its training's", async () => {
  const { images } = await pipeline.generate({ class_labels: [5], height: 48, width: 80 });
  expect([images[0]!.width, images[0]!.height]).toEqual([80, 48]);
});

/** A copy of the checkpoint. @param change of a file's text */
function changed(files: readonly string[], change: (text: string) => string): string {
  const folder = join(temporaryFolder(), "dit");
  cpSync(model, folder, { recursive: true });
  for (const file of files) writeFileSync(join(folder, file), change(readFileSync(join(folder, file), "utf8")));
  return folder;
}

it("is opened by the name that its transformer had", async () => {
  const folder = changed(["model_index.json", "transformer/config.json"], (text) =>
    text.replace("DiTTransformer2DModel", "Transformer2DModel"),
  );
  const old = await createPipeline({ model: folder, generate }, { cacheDir });
  const request = { class_labels: [207] };
  expect(difference(await old.generate(request), await pipeline.generate(request))).toBe(0);
  await old.close();
});

describe("classes by name", () => {
  const id2label = { "0": "tench, Tinca tinca", "134": "crane", "207": "golden retriever", "517": "crane" };
  const folder = changed(["model_index.json"], (text) => JSON.stringify({ ...JSON.parse(text), id2label }));

  it("are those that the checkpoint lists; of two the last", async () => {
    const named = await createPipeline({ model: folder, generate }, { cacheDir });
    const class_labels = ["golden retriever", "Tinca tinca", 3, "crane"];
    const { images, recipe } = await named.generate({ class_labels });
    const numbers = await pipeline.generate({ class_labels: [207, 0, 3, 517] });
    expect(images.map(({ values }) => values)).toEqual(numbers.images.map(({ values }) => values));
    expect(recipe.config.generate.class_labels).toEqual(class_labels);
    await named.close();
  });

  it.each([
    [
      "that is misspelt",
      folder,
      "golden retreiver",
      /must be classes of the checkpoint.*Did you mean "golden retriever"\?/,
    ],
    [
      "of a checkpoint without names",
      model,
      "crane",
      /must be numbers, found "crane": this checkpoint does not name its classes/,
    ],
  ])("cannot be one %s", async (_, named, label, message) => {
    const config = { model: named, generate: { class_labels: [label] } };
    await expect(validateConfig(config)).rejects.toThrow(message);
  });
});

describe("what cannot be done", () => {
  it.each<[string, GenerateRequest, RegExp]>([
    ["no class at all", {}, /class_labels are needed, here or in the config/],
    [
      "a class too many",
      { class_labels: [3, 1001] },
      /class_labels must be 0 to 999, or 1000 for no class, found 1001/,
    ],
    [
      "a prompt",
      { class_labels: [3], prompt: "cat" },
      /prompt is not for DiTPipeline, which takes: loras, class_labels/,
    ],
    ["half a patch", { class_labels: [3], height: 72 }, /height must be a multiple of 16, found 72/],
  ])("%s", async (_, request, message) => {
    await expect(pipeline.generate(request)).rejects.toThrow(message);
  });

  it("a scheduler that scales what the model sees", async () => {
    const config = { model, scheduler: { type: "EulerDiscreteScheduler" } };
    await expect(validateConfig(config)).rejects.toThrow(/DiTPipeline cannot use the scheduler EulerDiscreteScheduler/);
  });
});
