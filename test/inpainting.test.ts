import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import {
  type ConfigInput,
  createPipeline,
  type GenerateRequest,
  type Image,
  openPipeline,
  openRecipe,
  type Pipeline,
  planFromPictures,
  readRecipe,
  validateConfig,
} from "@skipstep/core";
import { DeepCache } from "@skipstep/plugin-deepcache";
import sharp from "sharp";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { temporaryFolder } from "./emoji";
import { linkedModel } from "./golden-kinds/linked-model";
import { readJson, writeJson } from "./made-checkpoint";

const folder = temporaryFolder();
const cacheDir = join(folder, "cache");
const golden = join(import.meta.dirname, "golden");
const sd15 = join(golden, "pipelines/sd15");
const [width, height] = [72, 56];
const generate = { prompt: "red heart", num_inference_steps: 4, strength: 0.8, seed: 3 };
let sd: Pipeline;

/** A grey picture of one value a pixel, as a file. */
async function write(name: string, value: (x: number, y: number) => number): Promise<string> {
  const data = Uint8Array.from({ length: width * height }, (_, at) => value(at % width, Math.floor(at / width)));
  const file = join(folder, name);
  writeFileSync(
    file,
    await sharp(data, { raw: { width, height, channels: 1 } })
      .png()
      .toBuffer(),
  );
  return file;
}

const files = { image: "image.png", mask: "mask.png", black: "black.png", white: "white.png" };
const isPainted = (x: number, y: number): boolean => x >= 24 && x < 40 && y >= 16 && y < 40;
const path = (name: keyof typeof files): string => join(folder, files[name]);
const request = (more: GenerateRequest = {}): GenerateRequest => ({
  image: path("image"),
  mask: path("mask"),
  ...more,
});

/** The same in memory. */
async function picture(name: keyof typeof files): Promise<Pick<Image, "width" | "height" | "values">> {
  const data = await sharp(path(name)).toColourspace("srgb").removeAlpha().raw().toBuffer();
  const values = Float32Array.from(
    { length: width * height * 3 },
    (_, at) => data[((at * data.length) / (width * height * 3)) | 0]! / 255,
  );
  return { width, height, values };
}

beforeAll(async () => {
  await write(files.image, (x, y) => ((x * 7) ^ (y * 5)) & 255);
  await write(files.mask, (x, y) => (isPainted(x, y) ? 255 : 0));
  await write(files.black, () => 0);
  await write(files.white, () => 255);
  sd = await createPipeline({ model: sd15, generate }, { cacheDir });
});
afterAll(() => sd.close());

describe("a recipe", () => {
  it("names image and mask by their content, and draws the picture again", async () => {
    const config: ConfigInput = { model: sd15, generate: { ...generate, image: files.image, mask: files.mask } };
    writeFileSync(join(folder, "config.json"), JSON.stringify(config));
    const open = async (opened: Parameters<typeof validateConfig>[0]) => {
      const pipeline = await openPipeline(await validateConfig(opened), { cacheDir });
      const result = await pipeline.generate();
      await pipeline.close();
      return result;
    };
    const first = await open(join(folder, "config.json"));
    expect(first.report.warnings).toEqual([]);
    const recipe = readRecipe(await first.images[0]!.toPng(), "a.png");
    const sha256 = expect.stringMatching(/^[0-9a-f]{64}$/);
    const noted = { image: { name: "image.png", sha256 }, mask: { name: "mask.png", sha256 }, width, height };
    expect(recipe.config.generate).toMatchObject({ ...noted, strength: 0.8 });
    expect(recipe.missing).toBeUndefined();
    const again = await open(await openRecipe(recipe, { cacheDir, allow: [folder, golden] }));
    expect(again.images[0]!.data).toEqual(first.images[0]!.data);
    expect((await sd.generate(request())).images[0]!.data).toEqual(first.images[0]!.data);
  });

  it("says what came from memory", async () => {
    const inMemory = { picture: await picture("image"), maskPicture: await picture("mask") };
    const result = await sd.generate(inMemory);
    expect(result.recipe.missing).toEqual(["picture", "maskPicture"]);
    expect(result.recipe.config.generate).not.toHaveProperty("mask");
    expect(result.images[0]!.data).toEqual((await sd.generate(request())).images[0]!.data);
  });
});

describe("what is painted anew", () => {
  it("is behind the mask: a step cache changes nothing beside it", async () => {
    const plain = await sd.generate(request());
    const plugins = [{ use: DeepCache, options: { cache_interval: 2 } }];
    const cached = await createPipeline({ model: sd15, generate, plugins }, { cacheDir });
    const result = await cached.generate(request());
    await cached.close();
    expect(result.report.plugins[0]!.regions[0]!.reused.length).toBeGreaterThan(0);
    const { shape, data } = plain.latents;
    const [, , rows, columns] = shape as [number, number, number, number];
    const differs = (x: number, y: number): boolean =>
      [0, 1, 2, 3].some((channel) => {
        const at = (channel * rows + y) * columns + x;
        return data[at] !== result.latents.data[at];
      });
    for (let y = 0; y < rows; y++)
      for (let x = 0; x < columns; x++) expect(differs(x, y), `${x} ${y}`).toBe(isPainted(8 * x, 8 * y));
  });

  it("is all of the image under a white mask, and nothing, with a warning, under a black one", async () => {
    const white = await sd.generate(request({ mask: path("white") }));
    expect(white.report.warnings).toEqual([]);
    expect(white.latents.data).toEqual((await sd.generate({ image: path("image") })).latents.data);
    const black = await sd.generate(request({ mask: path("black") }));
    expect(black.report.warnings).toEqual([
      "The mask is black all over: nothing of the image was painted anew. White in a mask is painted anew, black stays.",
    ]);
  });

  it("is cut out and put back with padding_mask_crop, at the model's size, also in previews", async () => {
    const previews: Image[] = [];
    const cropped = request({ padding_mask_crop: 4 });
    const { images, latents, recipe } = await sd.generate({
      ...cropped,
      previews: true,
      onProgress: (event) => {
        if (event.kind === "step") previews.push(...event.previews!);
      },
    });
    expect(latents.shape).toEqual([1, 4, 8, 8]);
    expect(recipe.config.generate).toMatchObject({ padding_mask_crop: 4, height: 64, width: 64 });
    const given = await picture("image");
    for (const { width: wide, height: high, data } of [...images, ...previews]) {
      expect([wide, high]).toEqual([width, height]);
      const changed = [...data].flatMap((byte, at) =>
        byte === Math.round(given.values[at]! * 255) ? [] : [Math.floor(at / 3)],
      );
      expect(changed.length).toBeGreaterThan(100);
      expect(changed.every((pixel) => isPainted(pixel % width, Math.floor(pixel / width)))).toBe(true);
    }
    await expect(sd.generate({ ...cropped, mask: path("black") })).rejects.toMatchObject({
      code: "SKIPSTEP_MASK_EMPTY",
      message: expect.stringMatching(
        /black\.png is black all over, so that "padding_mask_crop" has nothing to cut out/,
      ),
    });
  });
});

describe("a request is refused by name", () => {
  it.each<[string, () => Promise<GenerateRequest> | GenerateRequest, RegExp]>([
    [
      "a mask alone",
      () => ({ mask: path("mask") }),
      /image is needed, here or in the config: the one that the mask is of/,
    ],
    [
      "a crop without a mask",
      () => ({ image: path("image"), padding_mask_crop: 8 }),
      /mask is needed, .*: padding_mask_crop cuts out/,
    ],
    [
      "two images",
      () => request({ image: [path("image"), path("image")] }),
      /image must be one image, which is inpainted, found 2/,
    ],
    ["a mask of several files", () => request({ mask: [path("mask")] as never }), /mask must be a string/],
    [
      "another family's setting",
      () => request({ image_reference: path("image") }),
      /image_reference is not for StableDiffusionPipeline/,
    ],
    ["no step left", () => request({ strength: 0.1 }), /strength 0\.1 leaves none of 4 steps/],
    [
      "a mask of NaN",
      async () => {
        const broken = await picture("mask");
        broken.values[7] = Number.NaN;
        return request({ maskPicture: broken });
      },
      /"maskPicture" must have finite values, found NaN/,
    ],
  ])("%s", async (_, given, message) => {
    await expect(sd.generate(await given())).rejects.toMatchObject({
      code: "SKIPSTEP_REQUEST_INVALID",
      message: expect.stringMatching(message),
    });
  });

  it("a mask that is no image, with its name", async () => {
    const file = join(folder, "broken.png");
    writeFileSync(file, readFileSync(path("mask")).subarray(0, 60));
    await expect(sd.generate(request({ mask: file }))).rejects.toMatchObject({
      code: "SKIPSTEP_IMAGE_UNREADABLE",
      message: expect.stringContaining(file),
    });
  });

  it("a mask for a family that does not inpaint", async () => {
    const config = { model: join(golden, "pipelines/pixart-alpha"), generate: { mask: path("mask") } };
    await expect(validateConfig(config)).rejects.toThrow(/mask is not for PixArtAlphaPipeline/);
  });
});

describe("a U-Net that sees more than latents", () => {
  const nine = [join(golden, "extras/inpaint-sd15-9ch/model"), sd15];

  it("is recognised by its channels under both classes, and needs a mask", async () => {
    for (const className of ["StableDiffusionPipeline", "StableDiffusionInpaintPipeline"]) {
      const model = join(folder, className);
      mkdirSync(model);
      linkedModel(model, className, nine);
      const pipeline = await createPipeline({ model, generate }, { cacheDir });
      await expect(pipeline.generate({ image: path("image") })).rejects.toThrow(
        "mask is needed, here or in the config: this model was trained to inpaint",
      );
      const { images } = await pipeline.generate(request({ strength: 1, num_images_per_prompt: 2 }));
      expect(images.map((image) => [image.width, image.height])).toEqual([
        [width, height],
        [width, height],
      ]);
      await pipeline.close();
    }
  });

  it("is refused with 8 channels before its weights are read", async () => {
    const model = join(folder, "instruct");
    mkdirSync(model);
    linkedModel(model, "StableDiffusionPipeline", nine);
    const unet = join(model, "unet/config.json");
    const config = { ...readJson(unet), in_channels: 8 };
    writeJson(`${unet}.new`, config);
    // Not into the file that it links to.
    const { renameSync } = await import("node:fs");
    renameSync(`${unet}.new`, unet);
    await expect(validateConfig({ model, generate })).rejects.toMatchObject({
      code: "SKIPSTEP_MODEL_OPTION",
      message: expect.stringMatching(
        /"in_channels" must be 4, the autoencoder's, or 9 to inpaint, found 8.*InstructPix2Pix/,
      ),
    });
  });
});

describe("defaults", () => {
  it.each([
    ["sd15", { strength: 1, guidance_scale: 7.5, num_inference_steps: 50 }],
    ["sdxl", { strength: 0.9999, guidance_scale: 7.5, num_inference_steps: 50 }],
    ["sd35-no-t5", { strength: 0.6, guidance_scale: 7, num_inference_steps: 50 }],
    ["flux", { strength: 0.6, guidance_scale: 7, num_inference_steps: 28 }],
    ["z-image", { strength: 1, guidance_scale: 5, num_inference_steps: 50 }],
    ["flux2-klein-base", { strength: 0.8, guidance_scale: 8, num_inference_steps: 50 }],
  ])("of %s are diffusers'", async (name, expected) => {
    const { model } = await validateConfig({
      model: join(golden, "pipelines", name),
      generate: { height: 64, width: 64 },
    });
    const { strength = 1, ...defaults } = model.family.defaults(model.configs, true, true);
    expect({ strength, ...defaults }).toMatchObject(expected);
  });
});

describe("FLUX.2 klein", () => {
  it("draws in the image's own size, looks at it, and says what had no effect", async () => {
    const config = {
      model: join(golden, "pipelines/flux2-klein-base"),
      generate: { ...generate, max_sequence_length: 48 },
    };
    const klein = await createPipeline(config, { cacheDir });
    const { images, recipe, report } = await klein.generate(request({ height: 32, width: 32, guidance_scale: 1 }));
    expect([images[0]!.width, images[0]!.height]).toEqual([64, 48]);
    expect(recipe.config.generate).toMatchObject({ width: 64, height: 48 });
    expect(report.warnings).toEqual([
      "height 32 and width 32 had no effect: an image that is inpainted is drawn in its own size, 64 x 48.",
    ]);
    const { report: plain } = await klein.generate({ height: 32, width: 32, guidance_scale: 1 });
    expect(plain.warnings).toEqual(["strength 0.8 had no effect: it is for inpainting, with a mask."]);
    await klein.close();
    const { family, configs } = (await validateConfig(config)).model;
    const tokens = (more: object): unknown => {
      const sizes = family.sizes(configs, {
        ...family.defaults(configs, true, true),
        ...config.generate,
        subjects: 1,
        num_images_per_prompt: 1,
        height: 48,
        width: 64,
        vae_tiling: false,
        ...more,
      } as never);
      return sizes.transformer!.T;
    };
    const pictures = [
      { width: 64, height: 48 },
      { width: 32, height: 32 },
    ];
    expect(tokens({ pictures })).toBe(48 + 12 + 12 + 4);
  });

  it("says which of the images beside it do not fit, and how many there may be", async () => {
    const model = join(golden, "pipelines/flux2-klein-base");
    const tiny = join(folder, "tiny.png");
    writeFileSync(tiny, await sharp(path("image")).resize(20, 9).png().toBuffer());
    const problem = async (generate: GenerateRequest): Promise<string> => {
      const config = await validateConfig({ model, generate: { prompt: "a", ...(generate as object) } });
      return planFromPictures(config).then(
        () => "",
        ({ message }: Error) => message,
      );
    };
    const many = new Array<string>(60).fill(path("image"));
    expect(await problem(request({ image_reference: many.slice(0, 9) }))).toBe("");
    expect(await problem(request({ image_reference: [path("image"), tiny] }))).toMatch(
      /image_reference 2 of 2 must be at least 16 pixels on each side, found 20 x 9/,
    );
    await expect(problem(request({ image_reference: many }))).rejects.toThrow(
      /image_reference must be at most 9 images, found 60/,
    );
    await expect(problem(request({ image: many.slice(0, 2) }))).rejects.toThrow(
      /image must be one image, which is inpainted, found 2; others are image_reference/,
    );
    const { family, configs } = (await validateConfig({ model })).model;
    expect(family.references!.problem({ width: 200000, height: 20 }, configs, true)).toMatch(
      /must be at least 16 pixels on each side when it is shrunk to 1048576 pixels, found 200000 x 20/,
    );
  });

  it("notes several images beside it in the recipe", async () => {
    const image_reference = [path("image"), path("white")];
    const settings = { ...generate, num_inference_steps: 2, max_sequence_length: 32, guidance_scale: 1 };
    const klein = await createPipeline(
      { model: join(golden, "pipelines/flux2-klein-base"), generate: settings },
      { cacheDir },
    );
    const first = await klein.generate(request({ image_reference }));
    const inMemory = [await picture("image"), await picture("white")];
    const { images, recipe } = await klein.generate(request({ referencePicture: inMemory }));
    await klein.close();
    expect(images[0]!.data).toEqual(first.images[0]!.data);
    expect(recipe.missing).toEqual(["referencePicture"]);
    const again = await openPipeline(
      await validateConfig(await openRecipe(first.recipe, { cacheDir, allow: [folder, golden] })),
      { cacheDir },
    );
    const { images: repeated } = await again.generate();
    await again.close();
    expect(repeated[0]!.data).toEqual(first.images[0]!.data);
  });
});
