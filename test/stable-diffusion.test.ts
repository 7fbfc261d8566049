import { join } from "node:path";
import {
  createPipeline,
  type GenerateRequest,
  type GenerateResult,
  type Image,
  type Pipeline,
  type StepEvent,
  validateConfig,
} from "@skipstep/core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { engineCache as cacheDir } from "./run-folder";

const folder = (name: string): string => join(import.meta.dirname, "golden/pipelines", name);
const generate = { num_inference_steps: 3, height: 40, width: 56, seed: 3 };
let sd: Pipeline;
let xl: Pipeline;

beforeAll(async () => {
  sd = await createPipeline({ model: folder("sd15"), generate }, { cacheDir });
  xl = await createPipeline({ model: folder("sdxl"), generate }, { cacheDir });
});
afterAll(async () => {
  await sd.close();
  await xl.close();
});

/** Largest difference of two generations' first images, 0..1. */
function difference({ images: [a] }: GenerateResult, { images: [b] }: GenerateResult): number {
  return a!.values.reduce((most, value, i) => Math.max(most, Math.abs(value - b!.values[i]!)), 0);
}

describe("guidance", () => {
  const request = { prompt: ["red heart", "cat"], negative_prompt: "blue", guidance_rescale: 0.5 };

  it.each(["sd15", "sdxl"])("of %s is the same in one batch and in two passes", async (name) => {
    const separate = await createPipeline({ model: folder(name), generate, guidance: "separate" }, { cacheDir });
    const joint = await (name === "sd15" ? sd : xl).generate(request);
    expect(difference(await separate.generate(request), joint)).toBeLessThan(1e-4);
    await separate.close();
  });

  it("is off at 1, and a negative prompt is told to have no effect", async () => {
    const unguided = await sd.generate({ prompt: "cat", negative_prompt: "blue", guidance_scale: 1 });
    expect(unguided.report.warnings).toEqual([
      "The negative prompt had no effect: it is followed when guidance_scale is above 1, and it is 1.",
    ]);
    const plain = await sd.generate({ prompt: "cat", guidance_scale: 0 });
    expect(plain.images[0]!.values).toEqual(unguided.images[0]!.values);
    expect(plain.report.warnings).toEqual([]);
  });
});

describe("prompts", () => {
  it("of XL: an empty negative prompt is not the same as none, and a recipe keeps them apart", async () => {
    const none = await xl.generate({ prompt: "cat" });
    const empty = await xl.generate({ prompt: "cat", negative_prompt: "" });
    expect(difference(none, empty)).toBeGreaterThan(0.001);
    for (const result of [none, empty]) {
      const generated = result.recipe.config.generate;
      const { image: _, mask: __, image_reference: ___, control_image: _c, loras: ____, ...settings } = generated;
      const again = await xl.generate(settings);
      expect(again.images[0]!.values).toEqual(result.images[0]!.values);
    }
  });

  it("of XL: the second encoder has a prompt of its own where one is given", async () => {
    const same = await xl.generate({ prompt: "cat", prompt_2: "cat" });
    expect((await xl.generate({ prompt: "cat" })).images[0]!.values).toEqual(same.images[0]!.values);
    expect(difference(await xl.generate({ prompt: "cat", prompt_2: "red house" }), same)).toBeGreaterThan(0.001);
  });

  it("that are too long are cut, with a warning for each text encoder", async () => {
    const { report } = await xl.generate({ prompt: "red heart ".repeat(20) });
    expect(report.warnings).toEqual([
      expect.stringMatching(/^text_encoder: The prompt .*there is room for 16\. The rest was cut/),
      expect.stringMatching(/^text_encoder_2: The prompt .*there is room for 16\. The rest was cut/),
    ]);
  });
});

it("previews come to the image itself", async () => {
  const model = join(import.meta.dirname, "../models/emoji-unet");
  const emoji = await createPipeline(
    { model, generate: { num_inference_steps: 4, guidance_scale: 3, seed: 42 } },
    { cacheDir },
  );
  const previews: Image[] = [];
  const onProgress = (event: { kind: string }): void => {
    if (event.kind === "step") previews.push((event as StepEvent).previews![0]!);
  };
  const result = await emoji.generate({ prompt: "red heart", previews: true, onProgress });
  const errors = previews.map(({ values }) =>
    values.reduce((sum, x, i) => sum + Math.abs(x - result.images[0]!.values[i]!), 0),
  );
  expect(errors.map((error, i) => i === 0 || error < errors[i - 1]!)).toEqual([true, true, true, true]);
  expect(errors[3]! / previews[3]!.values.length).toBeLessThan(1e-4);
  await emoji.close();
});

describe("beginning with an image", () => {
  it("draws one posterior for all images, and noise for each", async () => {
    const size = { height: 64, width: 64 }; // sixteens of noise, which torch draws together
    const picture = (await sd.generate({ prompt: "cat", ...size })).images[0]!;
    const request = { prompt: "red heart", picture, strength: 0.7, ...size };
    const [alone, two] = [await sd.generate(request), await sd.generate({ ...request, num_images_per_prompt: 2 })];
    expect(difference(alone, two)).toBeLessThan(1e-4);
    expect(difference(two, { ...two, images: [two.images[1]!] })).toBeGreaterThan(0.01);
  });

  it("has the reference's strength where none is given, and needs a step for it", async () => {
    const picture = (await xl.generate({ prompt: "cat" })).images[0]!;
    const { recipe } = await xl.generate({ prompt: "cat", picture, num_inference_steps: 4 });
    expect(recipe.config.generate.strength).toBe(0.3);
    await expect(xl.generate({ prompt: "cat", picture })).rejects.toThrow(/strength 0.3 leaves none of 3 steps/);
  });
});

it("is drawn at the size of its training where none is given", async () => {
  const unsized = await createPipeline({ model: folder("sdxl"), generate: { num_inference_steps: 1 } }, { cacheDir });
  const [image] = (await unsized.generate({ prompt: "cat" })).images;
  expect([image!.width, image!.height]).toEqual([64, 64]);
  await unsized.close();
});

describe("what cannot be done", () => {
  it.each<[string, GenerateRequest, RegExp]>([
    ["height 100", { prompt: "a", height: 100 }, /height must be a multiple of 8, found 100; nearest: 104/],
    ["too many layers left out", { prompt: "a", clip_skip: 4 }, /clip_skip must be a whole number from 0 to 3/],
    ["sizes are XL's", { prompt: "a", original_size: [64, 64] }, /original_size is not for StableDiffusionPipeline/],
    ["timesteps that PNDM does not take", { prompt: "a", timesteps: [9, 5, 1] }, /takes no timesteps/],
  ])("%s", async (_, request, message) => {
    await expect(sd.generate(request)).rejects.toThrow(message);
  });

  it("tiles of an autoencoder that has none", async () => {
    const config = { model: join(import.meta.dirname, "../models/emoji-unet"), generate: { vae_tiling: true } };
    await expect(validateConfig(config)).rejects.toThrow(/vae_tiling is for AutoencoderKL/);
  });

  it("a scheduler for flows, told before anything is loaded", async () => {
    const config = { model: folder("sd15"), scheduler: { type: "FlowMatchEulerDiscreteScheduler" } };
    await expect(createPipeline(config, { cacheDir })).rejects.toMatchObject({ code: "SKIPSTEP_SCHEDULER_UNFIT" });
  });
});
