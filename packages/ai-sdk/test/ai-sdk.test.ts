import { mkdtempSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createPipeline, type GenerateRequest, type GenerateResult, readPicture } from "@skipstep/core";
import sharp from "sharp";
import { afterAll, describe, expect, it } from "vitest";
import { createSkipstep } from "../src";

/** As Node loads them: what they import has a build for bundlers that Vitest would take. */
const load = createRequire(import.meta.url);
/** By version; 7 says that it needs Node 22, and runs on 20. */
const generateImages = { 6: load("ai"), 7: load("ai-7") } as Readonly<Record<number, typeof import("ai")>>;
const { experimental_generateImage: generateImage5 } = load("ai-5") as typeof import("ai-5");

const cacheDir = mkdtempSync(join(tmpdir(), "skipstep-ai-sdk-"));
const config = {
  model: join(import.meta.dirname, "../../../models/emoji"),
  generate: { num_inference_steps: 2, height: 128, width: 128 },
};
const provider = createSkipstep({ cacheDir });
afterAll(async () => {
  await provider.close();
  rmSync(cacheDir, { recursive: true });
});

async function expected(request: GenerateRequest): Promise<GenerateResult> {
  const pipeline = await createPipeline(config, { cacheDir });
  try {
    return await pipeline.generate(request);
  } finally {
    await pipeline.close();
  }
}

const lower = Uint8Array.from({ length: 128 * 128 }, (_, i) => (i < 128 * 64 ? 0 : 255));
const grey = sharp({ create: { width: 128, height: 128, channels: 3, background: "#888" } })
  .png()
  .toBuffer();

describe.each([6, 7])("generateImage of AI SDK %i", (version) => {
  const { generateImage } = generateImages[version]!;

  it("gets the images of generate, with seeds and report", async () => {
    const { images, providerMetadata, warnings } = await generateImage({
      model: provider(config),
      prompt: "red heart",
      n: 2,
      size: "128x64",
      seed: 5,
      aspectRatio: "2:1",
      providerOptions: { skipstep: { guidance_scale: 2 } },
    });
    const drawn = await expected({
      prompt: "red heart",
      num_images_per_prompt: 2,
      width: 128,
      height: 64,
      seed: 5,
      guidance_scale: 2,
    });
    const pngs = await Promise.all(drawn.images.map((image) => image.toPng()));
    expect(images.map(({ uint8Array, mediaType }, i) => [Buffer.from(pngs[i]!).equals(uint8Array), mediaType])).toEqual(
      [
        [true, "image/png"],
        [true, "image/png"],
      ],
    );
    expect(warnings).toContainEqual({
      type: "unsupported",
      feature: "aspectRatio",
      details: "Give a size in its place.",
    });
    expect(providerMetadata.skipstep).toMatchObject({
      images: [{ seed: 5, image: 0, width: 128, height: 64, report: { seed: 5, plugins: [] } }, { image: 1 }],
    });
  });

  it("paints what a mask shows, by transparency", async () => {
    const alpha = await sharp(
      Uint8Array.from({ length: 4 * lower.length }, (_, i) => (i % 4 < 3 ? 9 : 255 - lower[i >> 2]!)),
      {
        raw: { width: 128, height: 128, channels: 4 },
      },
    )
      .png()
      .toBuffer();
    const { image } = await generateImage({
      model: provider(config),
      prompt: { text: "red heart", images: [await grey], mask: alpha },
      seed: 5,
      providerOptions: { skipstep: { strength: 0.9 } },
    });
    const shown = await sharp(lower, { raw: { width: 128, height: 128, channels: 1 } })
      .png()
      .toBuffer();
    const drawn = await expected({
      prompt: "red heart",
      seed: 5,
      strength: 0.9,
      picture: await readPicture(await grey, "grey"),
      maskPicture: await readPicture(shown, "mask"),
    });
    expect((await sharp(image.uint8Array).raw().toBuffer()).equals(drawn.images[0]!.data)).toBe(true);
  });

  it("is told what is wrong, and gives up when it is told to", async () => {
    const model = provider(config);
    const asked = (extra: object) => generateImage({ model, prompt: "x", maxRetries: 0, ...extra });
    await expect(asked({ size: "130x128" })).rejects.toMatchObject({ code: "SKIPSTEP_REQUEST_INVALID" });
    await expect(asked({ providerOptions: { skipstep: { clip_skip: 1 } } })).rejects.toThrow("clip_skip is not for");
    await expect(asked({ prompt: { text: "x", images: [new Uint8Array(9)] } })).rejects.toMatchObject({
      code: "SKIPSTEP_IMAGE_UNREADABLE",
    });
    const controller = new AbortController();
    const given = asked({
      abortSignal: controller.signal,
      providerOptions: { skipstep: { num_inference_steps: 500 } },
    });
    setTimeout(() => controller.abort(new Error("given up")), 300);
    await expect(given).rejects.toThrow("given up");
    expect(() => provider.languageModel("x")).toThrow("No such languageModel: x");
  });
});

it("serves generateImage of AI SDK 5 as well", async () => {
  const { images, providerMetadata } = await generateImage5({
    model: provider.imageModelV2(config),
    prompt: "red heart",
    seed: 5,
    n: 1,
  });
  const drawn = await expected({ prompt: "red heart", seed: 5 });
  expect(Buffer.from(await drawn.images[0]!.toPng()).equals(images[0]!.uint8Array)).toBe(true);
  expect(providerMetadata.skipstep).toMatchObject({ images: [{ seed: 5 }] });
});
