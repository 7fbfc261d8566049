import { readRecipe } from "@skipstep/core";
import sharp from "sharp";
import { describe, expect, it } from "vitest";
import { readText } from "../../cli/test/png-text";
import { served } from "./served";

const server = served();

interface Answer {
  readonly images: string[];
  readonly info: string;
}

async function post(path: string, body: object): Promise<Answer> {
  const response = await server.ask(`/sdapi/v1/${path}`, body);
  const answer = await response.json();
  if (!response.ok) throw Object.assign(new Error(answer.error.message), answer.error);
  return answer;
}

/** As A1111's web page sends it. */
const usual = {
  prompt: "red heart",
  negative_prompt: "blue",
  seed: 5,
  steps: 2,
  cfg_scale: 2,
  width: 128,
  height: 128,
  sampler_name: "Euler",
  scheduler: "Automatic",
  batch_size: 1,
  n_iter: 2,
  restore_faces: false,
  enable_hr: false,
  hr_scale: 2,
  styles: [],
  subseed: -1,
  alwayson_scripts: {},
  override_settings: { sd_model_checkpoint: "emoji" },
};

describe("txt2img", () => {
  it("draws what generate draws, an image for each seed counted up", async () => {
    const { images, info } = await post("txt2img", usual);
    const settings = { prompt: "red heart", negative_prompt: "blue", guidance_scale: 2 };
    const expected = await Promise.all([5, 6].map((seed) => server.generate({ ...settings, seed })));
    const pixels = await Promise.all(images.map((image) => sharp(Buffer.from(image, "base64")).raw().toBuffer()));
    expect(pixels).toEqual(expected.map((one) => Buffer.from(one.images[0]!.data)));
    expect(JSON.parse(info)).toMatchObject({
      seed: 5,
      all_seeds: [5, 6],
      sampler_name: "Euler",
      steps: 2,
      interrupted: false,
    });
  });

  it("writes what galleries read, and the recipe", async () => {
    const { images } = await post("txt2img", { ...usual, n_iter: 1 });
    const png = Buffer.from(images[0]!, "base64");
    const expected =
      "red heart\nNegative prompt: blue\nSteps: 2, Sampler: Euler, CFG scale: 2, Seed: 5, Size: 128x128, Model: emoji";
    expect(readText(png).parameters).toBe(expected);
    expect(readRecipe(png, "a.png").config.generate).toMatchObject({ seed: 5, num_inference_steps: 2 });
  });

  it.each([
    ["restore_faces", { restore_faces: true }],
    ["enable_hr", { enable_hr: true }],
    ["styles", { styles: ["a"] }],
    ["alwayson_scripts", { alwayson_scripts: { controlnet: {} } }],
    ["sampler_name", { sampler_name: "DPM adaptive" }],
    ["scheduler", { scheduler: "Align Your Steps" }],
    ["override_settings.clip_stop", { override_settings: { clip_stop: 2 } }],
    ["nobody_knows", { nobody_knows: 1 }],
    ["batch_size", { batch_size: 9 }],
    ["seed", { seed: 1.5 }],
    ["batch_size", { batch_size: "1" }],
    ["steps", { steps: 0 }],
    ["mask", { mask: "aGk=" }],
    ["prompt", { prompt: "<lora:a:much>" }],
    ["lora", { prompt: "<lora:a>" }],
  ])("refuses by name what is not done here: %s", async (param, fields) => {
    await expect(post("txt2img", { ...usual, ...fields })).rejects.toMatchObject({ param });
  });
});

describe("img2img", () => {
  it("begins with an image, and draws anew what is white in the mask", async () => {
    const grey = await sharp({ create: { width: 128, height: 128, channels: 3, background: "#888" } })
      .png()
      .toBuffer();
    const half = { create: { width: 128, height: 64, channels: 3, background: "#fff" } } as const;
    const mask = await sharp({ create: { ...half.create, height: 128, background: "#000" } })
      .composite([{ input: half, left: 0, top: 0 }])
      .png()
      .toBuffer();
    const init_images = [`data:image/png;base64,${grey.toString("base64")}`];
    const asked = { ...usual, n_iter: 1, init_images, denoising_strength: 1, inpainting_fill: 1 };
    const sent = mask.toString("base64");
    const turned = (await sharp(mask).negate({ alpha: false }).png().toBuffer()).toString("base64");
    const draw = async (fields: object): Promise<string | undefined> =>
      (await post("img2img", { ...asked, ...fields })).images[0];
    const first = await draw({ mask: sent });
    expect(await draw({ mask: turned, inpainting_mask_invert: 1 })).toBe(first);
    expect(await draw({ mask: sent, mask_blur: 8 })).not.toBe(first);
    expect(await draw({})).not.toBe(first);
    await expect(post("img2img", { ...asked, mask: sent, inpainting_fill: 0 })).rejects.toMatchObject({
      param: "inpainting_fill",
    });
    await expect(post("img2img", usual)).rejects.toMatchObject({ param: "init_images" });
    await expect(post("img2img", { ...asked, init_images: ["aGVsbG8="] })).rejects.toMatchObject({
      code: "SKIPSTEP_IMAGE_UNREADABLE",
    });
  });
});

it("says how far it is, shows the image, and is interrupted", async () => {
  const asked = post("txt2img", { ...usual, n_iter: 1, steps: 150 });
  const progress = async (): Promise<{
    progress: number;
    current_image: string | null;
    state: { sampling_steps: number };
  }> => (await server.ask("/sdapi/v1/progress")).json();
  await expect.poll(async () => (await progress()).current_image, { timeout: 30_000 }).not.toBeNull();
  const { progress: share, current_image: image, state } = await progress();
  expect(share).toBeGreaterThan(0);
  expect(share).toBeLessThan(1);
  expect(state.sampling_steps).toBe(150);
  expect(await sharp(Buffer.from(image!, "base64")).metadata()).toMatchObject({ width: 128, format: "png" });
  await server.ask("/sdapi/v1/interrupt", {});
  const { images, info } = await asked;
  expect(images).toEqual([]);
  expect(JSON.parse(info)).toMatchObject({ interrupted: true });
  expect(await progress()).toMatchObject({ progress: 0, current_image: null });
});

it("lists samplers, spacings, models and LoRAs, each of which can be asked for", async () => {
  const list = async (path: string): Promise<{ name: string; title: string }[]> =>
    (await server.ask(`/sdapi/v1/${path}`)).json();
  const samplers = (await list("samplers")).map(({ name }) => name);
  expect(samplers).toEqual(["Automatic", "DPM++ 2M", "DPM++ 2M SDE", "Euler", "UniPC"]);
  for (const sampler_name of samplers)
    expect((await post("txt2img", { ...usual, n_iter: 1, sampler_name })).images).toHaveLength(1);
  expect((await list("schedulers")).map(({ name }) => name)).toEqual(["automatic", "karras", "exponential", "beta"]);
  expect((await post("txt2img", { ...usual, n_iter: 1, scheduler: "karras" })).images).toHaveLength(1);
  expect((await list("sd-models")).map(({ title }) => title)).toEqual(["emoji"]);
  expect(await list("loras")).toEqual([]);
  expect(await list("options")).toMatchObject({ sd_model_checkpoint: "emoji" });
  expect((await server.ask("/sdapi/v1/options", { sd_model_checkpoint: "other" })).status).toBe(404);
});
