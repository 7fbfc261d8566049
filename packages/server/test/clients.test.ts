import { writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import type { GenerateRequest } from "@skipstep/core";
import sharp from "sharp";
import { describe, expect, it } from "vitest";
import { served } from "./served";

/** As Node loads them: what they import has builds for bundlers that Vitest would take. */
const load = createRequire(import.meta.url);
const { createOpenAICompatible } = load("@ai-sdk/openai-compatible") as typeof import("@ai-sdk/openai-compatible");
const { generateImage } = load("ai") as typeof import("ai");
const { StableDiffusionApi } = load("stable-diffusion-api") as typeof import("stable-diffusion-api");

const server = served();

const grey = sharp({ create: { width: 128, height: 128, channels: 3, background: "#888" } })
  .png()
  .toBuffer();
const lower = Uint8Array.from({ length: 128 * 128 }, (_, i) => (i < 128 * 64 ? 0 : 255));
const painted = sharp(lower, { raw: { width: 128, height: 128, channels: 1 } })
  .png()
  .toBuffer();
const transparent = sharp(
  Uint8Array.from({ length: 4 * lower.length }, (_, i) => (i % 4 < 3 ? 9 : 255 - lower[i >> 2]!)),
  { raw: { width: 128, height: 128, channels: 4 } },
)
  .png()
  .toBuffer();

const pixelsOf = async (png: Uint8Array): Promise<Buffer> => sharp(png).raw().toBuffer();

async function expected(request: GenerateRequest): Promise<Buffer> {
  const { images } = await server.generate(request);
  return Buffer.from(images[0]!.data);
}

async function fileOf(name: string, bytes: Promise<Buffer>): Promise<string> {
  const file = join(server.folder, name);
  writeFileSync(file, await bytes);
  return file;
}

describe("generateImage with @ai-sdk/openai-compatible", () => {
  const model = () => createOpenAICompatible({ name: "skipstep", baseURL: `${server.url}/v1` }).imageModel("emoji");

  it("gets the images of generate, with a seed among the provider's options", async () => {
    const { images, warnings } = await generateImage({
      model: model(),
      prompt: "red heart",
      n: 2,
      size: "128x64",
      seed: 9,
      providerOptions: { skipstep: { seed: 5, guidance_scale: 2 } },
    });
    const settings = { prompt: "red heart", num_images_per_prompt: 2, width: 128, height: 64, guidance_scale: 2 };
    const drawn = await server.generate({ ...settings, seed: 5 });
    const pngs = await Promise.all(drawn.images.map((image) => image.toPng()));
    expect(images.map(({ uint8Array }) => Buffer.from(uint8Array))).toEqual(pngs.map((png) => Buffer.from(png)));
    expect(warnings).toEqual([{ type: "unsupported", feature: "seed" }]); // of theirs: it is not sent
  });

  it("edits, with a mask", async () => {
    const { image } = await generateImage({
      model: model(),
      prompt: { text: "red heart", images: [await grey], mask: await transparent },
      providerOptions: { skipstep: { seed: 5, strength: 0.9 } },
    });
    const files = { image: await fileOf("image", grey), mask: await fileOf("mask", painted) };
    const drawn = await expected({ prompt: "red heart", seed: 5, strength: 0.9, ...files });
    expect((await pixelsOf(image.uint8Array)).equals(drawn)).toBe(true);
  });

  it("is told what is wrong", async () => {
    const asked = generateImage({
      model: model(),
      prompt: "x",
      maxRetries: 0,
      providerOptions: { skipstep: { clip_skip: 1 } },
    });
    await expect(asked).rejects.toMatchObject({ statusCode: 400, message: expect.stringContaining("clip_skip") });
  });
});

describe("stable-diffusion-api, a client of A1111's", () => {
  const api = () =>
    new StableDiffusionApi({ baseUrl: server.url, defaultSampler: "Euler", defaultStepCount: 2, timeout: 240_000 });
  const settings = { prompt: "red heart", cfg_scale: 2, width: 128, height: 128, seed: 5 };

  it("draws from a text", async () => {
    const { images, info } = await api().txt2img({ ...settings, batch_size: 2 });
    const pixels = await Promise.all(images.map((image) => image.raw().toBuffer()));
    const request = { prompt: "red heart", guidance_scale: 2 };
    expect(pixels).toEqual([await expected({ ...request, seed: 5 }), await expected({ ...request, seed: 6 })]);
    expect(JSON.parse(info)).toMatchObject({ all_seeds: [5, 6] });
  });

  it("draws from an image, and where a mask is white", async () => {
    const files = { image: await fileOf("image", grey), mask: await fileOf("mask", painted) };
    const asked = { ...settings, init_images: [sharp(await grey)], denoising_strength: 0.9 };
    const request = { prompt: "red heart", guidance_scale: 2, seed: 5, strength: 0.9 };
    const whole = await api().img2img(asked);
    expect((await whole.image.raw().toBuffer()).equals(await expected({ ...request, image: files.image }))).toBe(true);
    const mask = { mask_image: sharp(await painted), mask_blur: 0, inpainting_fill: 1, inpaint_full_res: 0 };
    const part = await api().img2img({ ...asked, ...mask });
    expect((await part.image.raw().toBuffer()).equals(await expected({ ...request, ...files }))).toBe(true);
    await expect(api().img2img({ ...asked, ...mask, inpainting_fill: 0 })).rejects.toMatchObject({
      response: { status: 400, data: { error: { param: "inpainting_fill" } } },
    });
  });

  it("sees how far it is, and what there is", async () => {
    const asked = api().txt2img({ ...settings, steps: 150 });
    await expect.poll(async () => (await api().getProgress()).progress, { timeout: 60_000 }).toBeGreaterThan(0);
    expect((await api().getProgress()).state).toMatchObject({ sampling_steps: 150 });
    await server.ask("/sdapi/v1/interrupt", {});
    await asked;
    expect((await api().getSamplers()).map(({ name }) => name)).toContain("Euler");
    expect((await api().getSdModels()).map(({ title }) => title)).toEqual(["emoji"]);
    await api().setOptions({ sd_model_checkpoint: "emoji" });
    expect(await api().getOptions()).toMatchObject({ sd_model_checkpoint: "emoji" });
    for (const list of [api().getUpscalers(), api().getHypernetworks(), api().getFaceRestorers()])
      expect(await list).toEqual([]);
  });

  it("is refused an eta that would change the image", async () => {
    await expect(api().txt2img({ ...settings, sampler_name: "DPM++ 2M SDE", eta: 0.5 })).rejects.toMatchObject({
      response: { status: 400, data: { error: { param: "eta" } } },
    });
  });
});
