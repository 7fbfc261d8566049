import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { createPipeline, type GenerateRequest, type Pipeline, validateConfig } from "@skipstep/core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { temporaryFolder } from "./emoji";
import { linkedModel } from "./golden-kinds/linked-model";
import { engineCache as cacheDir } from "./run-folder";

const folder = temporaryFolder();
const golden = join(import.meta.dirname, "golden");
const generate = { prompt: "red heart", num_inference_steps: 2, seed: 3, max_sequence_length: 24 };
const [width, height] = [48, 32];
const values = (of: (x: number) => number): Float32Array =>
  Float32Array.from({ length: width * height * 3 }, (_, at) => of(Math.floor(at / 3) % width));
const picture = { width, height, values: values((x) => x / width) };
const maskPicture = { width, height, values: values((x) => (x < 24 ? 0 : 1)) };
const request = { picture, maskPicture };
let pipeline: Pipeline;

function model(className: string, ...folders: string[]): string {
  const path = join(folder, `${className} ${folders.length}`);
  mkdirSync(path);
  linkedModel(path, className, [...folders, join(golden, "pipelines/flux")]);
  return path;
}
const fill = join(golden, "extras/fill-flux/model");

beforeAll(async () => {
  pipeline = await createPipeline({ model: model("FluxFillPipeline", fill), generate }, { cacheDir });
});
afterAll(() => pipeline.close());

describe("FLUX Fill", () => {
  it("draws the image of its recipe again, which has the picture's size, from files as from memory", async () => {
    const { images, recipe } = await pipeline.generate(request);
    expect([images[0]!.width, images[0]!.height]).toEqual([width, height]);
    expect(recipe.config.generate).toMatchObject({ guidance_scale: 30, strength: 1, num_inference_steps: 2 });
    const again = await pipeline.generate({ ...recipe.config.generate, ...request } as unknown as GenerateRequest);
    expect(again.images[0]!.data).toEqual(images[0]!.data);
  });

  it("sees the mask, and what of the image it leaves", async () => {
    const other = { ...maskPicture, values: values((x) => (x < 32 ? 0 : 1)) };
    const [one, two] = [await pipeline.generate(request), await pipeline.generate({ ...request, maskPicture: other })];
    expect(one.images[0]!.data).not.toEqual(two.images[0]!.data);
  });

  it.each<[string, GenerateRequest, RegExp]>([
    ["no mask", { picture }, /mask is needed, here or in the config: this model was trained to inpaint/],
    ["no image", { maskPicture }, /image is needed, here or in the config: the one that the mask is of/],
    ["60 images", { ...request, picture: new Array(60).fill(picture) }, /image must be one image, .* found 60/],
    ["a negative prompt", { ...request, negative_prompt: "b" }, /negative_prompt is not for FluxFillPipeline, which/],
    ["no step", { ...request, strength: 0 }, /strength 0 leaves none of 2 steps/],
  ])("refuses: %s", async (_, given, message) => {
    await expect(pipeline.generate(given)).rejects.toMatchObject({
      code: "SKIPSTEP_REQUEST_INVALID",
      message: expect.stringMatching(message),
    });
  });

  it("is no model of another pipeline's, nor one of it", async () => {
    const opened = (path: string) => createPipeline({ model: path, generate }, { cacheDir });
    await expect(opened(model("FluxFillPipeline"))).rejects.toMatchObject({
      code: "SKIPSTEP_MODEL_OPTION",
      message: expect.stringMatching(/"in_channels" must be 8 times .* and 256 for the mask \(288\), found 16/),
    });
    await expect(opened(model("FluxPipeline", fill))).rejects.toMatchObject({
      code: "SKIPSTEP_MODEL_OPTION",
      message: expect.stringMatching(/"in_channels" must be 4 times .* \(16\), found 288/),
    });
    await expect(validateConfig({ model: model("FluxControlPipeline") })).rejects.toThrow(/FluxControlPipeline/);
  });
});

it("FLUX Kontext takes no mask", async () => {
  const given = { model: model("FluxKontextPipeline"), generate: { ...generate, image: "a.png", mask: "b.png" } };
  await expect(validateConfig(given)).rejects.toThrow(/mask is not for FluxKontextPipeline, which takes:/);
});
