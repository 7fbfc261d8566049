import { cpSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import {
  type ConfigInput,
  createPipeline,
  type GenerateRequest,
  type GenerateResult,
  type Image,
  inspectConfig,
  type Pipeline,
  type StepEvent,
  validateConfig,
} from "@skipstep/core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { temporaryFolder } from "./emoji";
import { engineCache as cacheDir } from "./run-folder";

const model = join(import.meta.dirname, "golden/pipelines/flux");
const generate = { num_inference_steps: 4, height: 64, width: 48, seed: 3, max_sequence_length: 24 };
let pipeline: Pipeline;

beforeAll(async () => {
  pipeline = await createPipeline({ model, generate }, { cacheDir });
});
afterAll(() => pipeline.close());

/** Largest difference of two generations' first images, 0..1. */
function difference({ images: [a] }: GenerateResult, { images: [b] }: GenerateResult): number {
  return a!.values.reduce((most, value, i) => Math.max(most, Math.abs(value - b!.values[i]!)), 0);
}

/** A copy of the checkpoint, to be changed. */
function copied(): string {
  const copy = join(temporaryFolder(), "flux");
  cpSync(model, copy, { recursive: true });
  return copy;
}

describe("guidance", () => {
  const away = { prompt: "red heart", negative_prompt: "blue cat", true_cfg_scale: 3 };

  it("away from a negative prompt is the same in one batch and in two passes", async () => {
    const separate = await createPipeline({ model, generate, guidance: "separate" }, { cacheDir });
    expect(difference(await separate.generate(away), await pipeline.generate(away))).toBeLessThan(1e-4);
    await separate.close();
  });

  it("by guidance_scale changes the image of a model that takes it as an input", async () => {
    const [weak, strong] = [1, 8].map((guidance_scale) => pipeline.generate({ prompt: "red heart", guidance_scale }));
    expect(difference(await weak!, await strong!)).toBeGreaterThan(0.01);
  });

  it("away from a negative prompt needs true_cfg_scale above 1, and says so", async () => {
    const plain = await pipeline.generate({ prompt: "red heart" });
    const unused = await pipeline.generate({ ...away, true_cfg_scale: 1 });
    expect(unused.images[0]!.values).toEqual(plain.images[0]!.values);
    expect(plain.report.warnings).toEqual([]);
    expect(unused.report.warnings).toEqual([
      "The negative prompt had no effect: it is followed when true_cfg_scale is above 1, and it is 1.",
    ]);
  });

  it("by true_cfg_scale needs a negative prompt, an empty one at least, and says so", async () => {
    const plain = await pipeline.generate({ prompt: "red heart" });
    const unused = await pipeline.generate({ prompt: "red heart", true_cfg_scale: 3 });
    const empty = await pipeline.generate({ prompt: "red heart", true_cfg_scale: 3, negative_prompt: "" });
    expect(unused.images[0]!.values).toEqual(plain.images[0]!.values);
    expect(unused.report.warnings).toEqual([
      expect.stringMatching(/^true_cfg_scale 3 had no effect:.* none was given/),
    ]);
    expect(difference(empty, plain)).toBeGreaterThan(0.01);
    expect(empty.report.warnings).toEqual([]);
  });

  it("is the same again from the recipe, whether a negative prompt was given or not", async () => {
    for (const request of [away, { ...away, negative_prompt: "" }, { prompt: "red heart", true_cfg_scale: 3 }]) {
      const { recipe, images } = await pipeline.generate(request);
      const again = await pipeline.generate(JSON.parse(JSON.stringify(recipe.config.generate)));
      expect(again.images[0]!.values).toEqual(images[0]!.values);
    }
  });
});

it("tells which text encoder has no room for a prompt", async () => {
  const prompt = "red heart and blue cat ".repeat(3);
  const { report } = await pipeline.generate({ prompt, prompt_2: "a house ".repeat(20) });
  expect(report.warnings).toEqual([
    expect.stringMatching(/^text_encoder: The prompt "red heart.* there is room for 16\. The rest was cut\.$/),
    expect.stringMatching(/^text_encoder_2: The prompt "a house.* there is room for 24\. The rest was cut\.$/),
  ]);
});

it("gives each text encoder its own prompt", async () => {
  const same = await pipeline.generate({ prompt: "red heart" });
  expect(difference(same, await pipeline.generate({ prompt: "red heart", prompt_2: "house" }))).toBeGreaterThan(0.01);
  expect(difference(same, await pipeline.generate({ prompt: "house", prompt_2: "red heart" }))).toBeGreaterThan(1e-4);
});

it("previews the finished image after the last step", async () => {
  const previews: Image[] = [];
  const { images } = await pipeline.generate({
    prompt: "red heart",
    previews: true,
    onProgress: (event) => event.kind === "step" && previews.push(event.previews![0]!),
  });
  expect(previews).toHaveLength(4);
  expect(previews[3]!.values.every((value, i) => Math.abs(value - images[0]!.values[i]!) < 1e-5)).toBe(true);
});

describe("from an image", () => {
  let picture: Image;
  beforeAll(async () => {
    picture = (await pipeline.generate({ prompt: "red heart" })).images[0]!;
  });

  it("has the defaults that the reference has for it", async () => {
    const settingsOf = async (request: GenerateRequest) => (await pipeline.generate(request)).recipe.config.generate;
    expect(await settingsOf({ prompt: "cat", picture })).toMatchObject({ guidance_scale: 7, strength: 0.6 });
    expect(await settingsOf({ prompt: "cat" })).toMatchObject({ guidance_scale: 3.5 });
  });

  it.each([
    [1, 4],
    [0.6, 3],
    [0.5, 2],
    [0.01, 1],
  ])("strength %d of 4 steps runs %d", async (strength, count) => {
    const steps: StepEvent[] = [];
    const onProgress: GenerateRequest["onProgress"] = (event) => event.kind === "step" && steps.push(event);
    await pipeline.generate({ prompt: "cat", picture, strength, onProgress });
    expect(steps.map(({ of }) => of)).toEqual(new Array(count).fill(count));
  });
});

describe("what cannot be done", () => {
  it.each<[string, GenerateRequest, RegExp]>([
    ["width 72", { prompt: "a", width: 72 }, /width must be a multiple of 16, found 72; nearest: 80/],
    ["a setting of another family", { prompt: "a", clip_skip: 1 }, /clip_skip is not for FluxPipeline, which takes:/],
    ["more tokens", { prompt: "a", max_sequence_length: 513 }, /max_sequence_length must be <= 512, found 513/],
    ["second prompts for other prompts", { prompt: "a", prompt_2: ["b", "c"] }, /prompt_2 must be one text or one for/],
    ["no strength", { prompt: "a", image: "a.png", strength: 0 }, /strength 0 leaves none of 4 steps/],
    ["sigmas for other steps", { prompt: "a", sigmas: [1] }, /sigmas has 1 entries for num_inference_steps 4/],
  ])("%s", async (_, request, message) => {
    await expect(pipeline.generate(request)).rejects.toMatchObject({
      code: "SKIPSTEP_REQUEST_INVALID",
      message: expect.stringMatching(message),
    });
  });

  it("positions on other axes than rows and columns", async () => {
    const copy = copied();
    const file = join(copy, "transformer/config.json");
    writeFileSync(file, JSON.stringify({ ...JSON.parse(readFileSync(file, "utf8")), axes_dims_rope: [8, 8] }));
    await expect(createPipeline({ model: copy }, { cacheDir })).rejects.toMatchObject({
      code: "SKIPSTEP_MODEL_OPTION",
      message: expect.stringMatching(/FluxTransformer2DModel: "axes_dims_rope" must have 3 entries, found 2/),
    });
  });

  it("a VAE with other channels than the denoiser's", async () => {
    const copy = copied();
    cpSync(join(model, "../z-image/vae"), join(copy, "vae"), { recursive: true });
    await expect(createPipeline({ model: copy }, { cacheDir })).rejects.toMatchObject({
      code: "SKIPSTEP_MODEL_OPTION",
      message: expect.stringMatching(/"in_channels" must be 4 times "latent_channels" of the VAE \(64\), found 16/),
    });
  });

  it("a scheduler that is not for flows: the error lists those that are", async () => {
    const config: ConfigInput = { model, scheduler: { type: "DDIMScheduler" } };
    await expect(createPipeline(config, { cacheDir })).rejects.toThrow(/DDIMScheduler.*FlowMatchEulerDiscrete/s);
  });
});

it("is recognised by `inspect`", async () => {
  const { className, structure, components } = inspectConfig(await validateConfig({ model, generate }));
  expect(className).toBe("FluxPipeline");
  expect(structure.blocks).toHaveLength(7);
  expect(components.map(({ name }) => name)).toEqual(["text_encoder", "text_encoder_2", "transformer", "vae"]);
  expect(components.every(({ activationBytes }) => activationBytes > 0)).toBe(true);
});
