import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { createPipeline, type GenerateRequest, inspectConfig, type Pipeline, validateConfig } from "@skipstep/core";
import { FirstBlockCache } from "@skipstep/plugin-fbcache";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { temporaryFolder } from "./emoji";
import { linkedModel } from "./golden-kinds/linked-model";

const folder = temporaryFolder();
const cacheDir = join(folder, "cache");
const model = join(folder, "model");
const generate = { prompt: "red heart", num_inference_steps: 3, max_area: 4096, seed: 3, max_sequence_length: 24 };
let pipeline: Pipeline;
let image: string;

beforeAll(async () => {
  mkdirSync(model);
  linkedModel(model, "FluxKontextPipeline", [join(import.meta.dirname, "golden/pipelines/flux")]);
  pipeline = await createPipeline({ model, generate: { ...generate, _auto_resize: false } }, { cacheDir });
  const { images } = await pipeline.generate({ height: 64, width: 96 });
  image = join(folder, "image.png");
  writeFileSync(image, await images[0]!.toPng());
});
afterAll(() => pipeline.close());

describe("FLUX Kontext", () => {
  it("draws the image of its recipe again, whatever size was asked for", async () => {
    const { images, recipe, report } = await pipeline.generate({ image, height: 480, width: 1000 });
    expect(report.warnings).toEqual([
      "height 480 and width 1000 give the shape of the image, and max_area its size: it is 80 x 32.",
    ]);
    expect([images[0]!.width, images[0]!.height]).toEqual([80, 32]);
    const { image: noted, ...settings } = recipe.config.generate as { readonly image: unknown };
    expect(noted).toBeDefined();
    const again = await pipeline.generate({ ...settings, image });
    expect(again.images[0]!.data).toEqual(images[0]!.data);
    expect(again.report.warnings).toEqual([]);
  });

  it("looks at the image: another one, or none, gives another picture from the same noise", async () => {
    const [seen, none] = [await pipeline.generate({ image }), await pipeline.generate()];
    expect(seen.images[0]!.data).not.toEqual(none.images[0]!.data);
    expect(inspectConfig(await validateConfig({ model, generate })).className).toBe("FluxKontextPipeline");
  });

  it("is drawn with a step cache that sees what it looks at as part of the image", async () => {
    const plugins = [{ use: FirstBlockCache, options: { threshold: 0 } }];
    const cached = await createPipeline(
      { model, generate: { ...generate, _auto_resize: false }, plugins },
      { cacheDir },
    );
    const [exact, plain] = [await cached.generate({ image }), await pipeline.generate({ image })];
    await cached.close();
    expect(exact.images[0]!.data).toEqual(plain.images[0]!.data);
  });

  it.each<[string, GenerateRequest, RegExp]>([
    ["60 images", { image: new Array<string>(60).fill("a.png") }, /image must be at most 10 images, found 60/],
    ["a part of a step", { strength: 0.5 }, /strength is not for FluxKontextPipeline, which takes:/],
    ["no room", { max_area: 100 }, /max_area is too small for the shape of height and width: it leaves 0 x 0/],
  ])("refuses: %s", async (_, request, message) => {
    await expect(pipeline.generate(request)).rejects.toMatchObject({
      code: "SKIPSTEP_REQUEST_INVALID",
      message: expect.stringMatching(message),
    });
  });
});
