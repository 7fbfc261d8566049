import { cpSync, openSync, writeSync } from "node:fs";
import { join } from "node:path";
import {
  type ConfigInput,
  createPipeline,
  type GenerateRequest,
  type Image,
  type Pipeline,
  type ProgressEvent,
  type StepEvent,
  validateConfig,
} from "@skipstep/core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { keepNoSessions } from "../packages/core/test/kept-runtime";
import { emojiConfig, temporaryFolder } from "./emoji";
import { engineCache as cacheDir } from "./run-folder";

let pipeline: Pipeline;

beforeAll(async () => {
  pipeline = await createPipeline(emojiConfig(), { cacheDir });
});
afterAll(() => pipeline.close());

/** The code of what a promise fails with, and its message. */
async function failure(promise: Promise<unknown>): Promise<{ code: string; message: string }> {
  try {
    await promise;
  } catch (error) {
    return error as { code: string; message: string };
  }
  throw new Error("it did not fail");
}

async function imageOf(request: GenerateRequest, from = pipeline): Promise<Image> {
  return (await from.generate(request)).images[0]!;
}

/** Largest difference of two images' values, 0..1. */
function difference(a: Image, b: Image): number {
  return a.values.reduce((most, value, i) => Math.max(most, Math.abs(value - b.values[i]!)), 0);
}

describe("generate", () => {
  it("gives the same image for the same seed, and another for another", async () => {
    const first = await imageOf({ prompt: "red heart" });
    expect((await imageOf({ prompt: "red heart" })).data).toEqual(first.data);
    expect(difference(first, await imageOf({ prompt: "red heart", seed: 43 }))).toBeGreaterThan(0.5);
  });

  it("draws a seed where none is given, and says which", async () => {
    const config = emojiConfig();
    const { seed: _, ...generate } = config.generate!;
    const unseeded = await createPipeline({ ...config, generate }, { cacheDir });
    const { images, report } = await unseeded.generate({ prompt: "house" });
    expect((await imageOf({ prompt: "house", seed: report.seed })).data).toEqual(images[0]!.data);
    await unseeded.close();
  });

  it("begins a batch with the single image", async () => {
    const [first, second] = (await pipeline.generate({ prompt: "house", num_images_per_prompt: 2 })).images;
    expect(difference(first!, await imageOf({ prompt: "house" }))).toBeLessThan(1e-4);
    expect(difference(first!, second!)).toBeGreaterThan(0.1);
  });

  it("makes a batch of prompts of different lengths", async () => {
    const prompt = ["cat", "a slightly smiling face with a red heart and two blue eyes ".repeat(3)];
    const { images } = await pipeline.generate({ prompt });
    expect(difference(images[0]!, await imageOf({ prompt: "cat" }))).toBeLessThan(1e-4);
  });

  it("gives the same image with separate guidance", async () => {
    const separate = await createPipeline(emojiConfig({ guidance: "separate" }), { cacheDir });
    const request = { prompt: "red heart", negative_prompt: "blue" };
    expect(difference(await imageOf(request, separate), await imageOf(request))).toBeLessThan(1e-4);
    await separate.close();
  });

  it("makes other sizes with the same engine", async () => {
    const image = await imageOf({ prompt: "red heart", height: 96, width: 160 });
    expect([image.width, image.height, image.data.length]).toEqual([160, 96, 160 * 96 * 3]);
  });

  it("takes an empty prompt, emoji and Chinese", async () => {
    for (const prompt of ["", "❤️🐱", "红心"]) expect((await imageOf({ prompt })).data.some((x) => x < 250)).toBe(true);
  });

  it("warns of a prompt that is too long, and cuts it as the tokenizer does", async () => {
    const words = "red heart ".repeat(40);
    const { images, report } = await pipeline.generate({ prompt: words, max_sequence_length: 12 });
    expect(report.warnings).toEqual([expect.stringMatching(/has \d+ tokens.*there is room for 12\. The rest was cut/)]);
    const longer = await pipeline.generate({ prompt: `${words} blue cat`, max_sequence_length: 12 });
    expect(longer.images[0]!.data).toEqual(images[0]!.data);
  });

  it("runs two calls one after the other", async () => {
    const order: string[] = [];
    const run = (name: string): Promise<Image> =>
      imageOf({ prompt: name, onProgress: ({ kind }) => kind !== "encode" && order.push(name) });
    const [heart, house] = await Promise.all([run("red heart"), run("house")]);
    expect(order.join()).toBe([...order].sort().reverse().join());
    expect(heart!.data).toEqual((await imageOf({ prompt: "red heart" })).data);
    expect(house!.data).toEqual((await imageOf({ prompt: "house" })).data);
  });

  it("guides only as far as cfg_truncation says, and limits what guidance adds", async () => {
    const plain = await imageOf({ prompt: "red heart", guidance_scale: 0 });
    expect(difference(await imageOf({ prompt: "red heart", cfg_truncation: 0 }), plain)).toBeGreaterThan(0.01);
    const normal = await imageOf({ prompt: "red heart" });
    expect(difference(await imageOf({ prompt: "red heart", cfg_normalization: 1 }), normal)).toBeGreaterThan(0.01);
  });

  it("begins with an image", async () => {
    const picture = await imageOf({ prompt: "red heart", num_inference_steps: 8 });
    const near = await imageOf({ prompt: "purple heart", picture, strength: 0.25 });
    const far = await imageOf({ prompt: "purple heart", picture, strength: 0.75 });
    const from = (image: Image): number =>
      image.values.reduce((sum, x, i) => sum + Math.abs(x - picture.values[i]!), 0);
    expect(from(near)).toBeLessThan(0.5 * from(far));
    expect(from(near)).toBeGreaterThan(0);
    const { recipe } = await pipeline.generate({ prompt: "purple heart", picture, strength: 0.25 });
    expect([recipe.missing, recipe.config.generate.image]).toEqual([["picture"], undefined]);
  });
});

describe("progress", () => {
  it("tells of each step, with an estimate of the time left", async () => {
    const events: ProgressEvent[] = [];
    await pipeline.generate({ prompt: "house", onProgress: (event) => events.push(event) });
    expect(events.map(({ kind }) => kind)).toEqual(["encode", "step", "step", "step", "step", "decode"]);
    const steps = events.filter((event): event is StepEvent => event.kind === "step");
    expect(steps.map(({ step, of }) => `${step}/${of}`)).toEqual(["1/4", "2/4", "3/4", "4/4"]);
    expect(steps[1]!.secondsLeft).toBeCloseTo(steps[1]!.seconds, 6);
    expect(steps[3]!.secondsLeft).toBe(0);
  });

  it("previews come nearer to the image", async () => {
    const previews: Image[] = [];
    const onProgress = (event: ProgressEvent): void => {
      if (event.kind === "step") previews.push(event.previews![0]!);
    };
    const image = await imageOf({ prompt: "red heart", previews: true, onProgress });
    const errors = previews.map((preview) =>
      preview.values.reduce((sum, x, i) => sum + Math.abs(x - image.values[i]!), 0),
    );
    expect(errors).toHaveLength(4);
    expect(errors.map((error, i) => i === 0 || error < errors[i - 1]!)).toEqual([true, true, true, true]);
    expect(difference(previews[3]!, image)).toBeLessThan(1e-5);
  });

  it("stops when its signal is aborted, and goes on afterwards", async () => {
    const controller = new AbortController();
    const steps: number[] = [];
    const onProgress = (event: ProgressEvent): void => {
      if (event.kind !== "step") return;
      steps.push(event.step);
      if (event.step === 2) controller.abort(new Error("enough"));
    };
    const error = await failure(pipeline.generate({ prompt: "house", signal: controller.signal, onProgress }));
    expect(error).toMatchObject({ code: "SKIPSTEP_CANCELLED", message: "Cancelled: enough" });
    expect(steps).toEqual([1, 2]);
    expect((await imageOf({ prompt: "house" })).width).toBe(128);
  });
});

describe("what cannot be done", () => {
  it.each<[string, GenerateRequest, RegExp]>([
    ["no prompt", {}, /prompt is needed/],
    ["height 100", { prompt: "a", height: 100 }, /height must be a multiple of 16, found 100; nearest: 96/],
    ["too large", { prompt: "a", width: 2048 }, /width must be <= 1024 for this model, found 2048/],
    ["seed 2^53", { prompt: "a", seed: 2 ** 53 }, /seed must be an integer from 0 to 2\^53 - 1/],
    ["sigmas for other steps", { prompt: "a", sigmas: [1, 0.5] }, /sigmas has 2 entries for num_inference_steps 4/],
    [
      "a setting of another family",
      { prompt: "a", clip_skip: 1 },
      /clip_skip is not for ZImagePipeline, which takes: loras, prompt,/,
    ],
    ["an unknown setting", { prompt: "a", sed: 1 } as GenerateRequest, /has no "sed"\..*Did you mean "seed"\?/],
    [
      "negatives for other prompts",
      { prompt: ["a", "b"], negative_prompt: ["c", "d", "e"] },
      /one for each of 2 prompts/,
    ],
    ["a strength without steps", { prompt: "a", strength: 0 }, /strength 0 leaves none of 4 steps/],
    ["an image that is not there", { prompt: "a", image: "/no/such.png" }, /\/no\/such.png cannot be read as an image/],
  ])("%s", async (_, request, message) => {
    const { code, message: found } = await failure(pipeline.generate(request));
    expect(found).toMatch(message);
    expect(code).toMatch(/^SKIPSTEP_(REQUEST_INVALID|IMAGE_UNREADABLE)$/);
  });

  it("is told for the config too, all at once, before any weight is read", async () => {
    const model = join(temporaryFolder(), "no-weights");
    cpSync(join(import.meta.dirname, "../models/emoji"), model, {
      recursive: true,
      filter: (file) => !file.endsWith(".safetensors"),
    });
    const config = { model, plugins: ["fbcash"], generate: { height: 100, sigmas: [1], steps: 3 } } as ConfigInput;
    const error = await failure(validateConfig(config));
    const { problems } = error as unknown as { problems: { pointer: string; code: string }[] };
    expect(problems.map(({ pointer, code }) => `${pointer} ${code}`)).toEqual([
      "/generate SKIPSTEP_CONFIG_INVALID",
      "/plugins/0/use SKIPSTEP_PLUGIN_UNKNOWN",
      "/generate/height SKIPSTEP_CONFIG_INVALID",
    ]);
  });

  it("a pipeline that is closed", async () => {
    const closed = await createPipeline(emojiConfig(), { cacheDir });
    await closed.close();
    expect((await failure(closed.generate({ prompt: "a" }))).code).toBe("SKIPSTEP_RUNTIME_STOPPED");
  });

  it("an unknown provider: the error lists those that work", async () => {
    const { code, message } = await failure(createPipeline(emojiConfig({ device: "cqu" }), { cacheDir }));
    expect(code).toBe("SKIPSTEP_PROVIDER_UNAVAILABLE");
    expect(message).toMatch(/Did you mean "cpu"\? Available here: .*cpu/);
  });
});

it("says that weights are not finite, and that the image is not usable", async () => {
  const model = join(temporaryFolder(), "nan");
  cpSync(join(import.meta.dirname, "../models/emoji"), model, { recursive: true });
  const file = join(model, "transformer/diffusion_pytorch_model.safetensors");
  const descriptor = openSync(file, "r+");
  writeSync(descriptor, Uint8Array.of(0xff, 0x7e), 0, 2, 6_000_000); // one float16 of a block
  const broken = await createPipeline(emojiConfig({ model }), { cacheDir });
  const { report } = await broken.generate({ prompt: "red heart" });
  await broken.close();
  expect(report.warnings[0]).toMatch(
    /^transformer has 1 tensor with values that are not finite: \S+ \(1 NaN, 0 infinite\)/,
  );
  expect(report.warnings.slice(1).join()).toMatch(
    /The latents are not finite after step 1 of 4.*Image 0 has \d+ values/,
  );
});

it("leaves no memory behind when it is opened and closed again and again", async () => {
  keepNoSessions();
  const round = async (): Promise<number> => {
    const opened = await createPipeline(emojiConfig({ generate: { num_inference_steps: 1 } }), { cacheDir });
    await opened.generate({ prompt: "house" });
    await opened.close();
    return process.memoryUsage.rss() / 2 ** 20;
  };
  for (let i = 0; i < 4; i++) await round(); // what is allocated once
  const before = await round();
  for (let i = 0; i < 8; i++) await round();
  // The model takes 32 MB: one session that stays would show eight times.
  expect((await round()) - before).toBeLessThan(60);
});
