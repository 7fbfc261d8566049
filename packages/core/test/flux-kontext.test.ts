import { describe, expect, it } from "vitest";
import { autoencoderKl } from "../src/families/autoencoders/autoencoder-kl";
import { packLatents, unpackLatents } from "../src/families/blocks/packed-latents";
import { withReferences } from "../src/families/blocks/reference-tokens";
import { fluxKontextFamily } from "../src/families/flux/kontext";
import { seenSize } from "../src/families/flux/kontext-sizes";
import { flux } from "../src/families/flux/model";
import { imagePositions } from "../src/families/flux/positions";
import type { PictureSize } from "../src/image/picture";
import type { SettingProblem } from "../src/loop/family";
import { lookAt } from "../src/loop/look-at";
import type { RecognisedModel } from "../src/loop/recognised-model";
import { fillSettings, settingProblems } from "../src/loop/request";
import { ownCatalogue } from "../src/start/catalogue";
import { floats } from "../src/tensor";

const configs = {
  transformer: flux.parse({ guidance_embeds: true }),
  vae: autoencoderKl.parse({
    block_out_channels: [32, 32, 32, 32],
    down_block_types: new Array(4).fill("DownEncoderBlock2D"),
    up_block_types: new Array(4).fill("UpDecoderBlock2D"),
    latent_channels: 16,
  }),
  text_encoder: { max_position_embeddings: 77 },
};
const model = {
  family: fluxKontextFamily,
  configs,
  components: new Map(),
  settingsSchema: ownCatalogue.settingsSchema,
} as unknown as RecognisedModel;
const filled = (given: object, pictures?: readonly PictureSize[]) =>
  fillSettings(model, { prompt: "a", ...given }, pictures ? { pictures } : {});
const problems = (given: object, pictures?: readonly PictureSize[]): string[] =>
  settingProblems(model, { prompt: "a", ...given }, pictures ? { pictures } : {}).map(
    ({ key, text }: SettingProblem) => `${key} ${text}`,
  );

describe("tokens of images to look at", () => {
  it("lie behind those of each row, which see them in turn", () => {
    const tokens = floats([4, 1, 1], Float32Array.of(1, 2, 3, 4));
    const references = floats([2, 2, 1], Float32Array.of(10, 11, 20, 21));
    expect([...withReferences(tokens, references).data]).toEqual([1, 10, 11, 2, 20, 21, 3, 10, 11, 4, 20, 21]);
    expect(withReferences(tokens, undefined)).toBe(tokens);
  });

  it("have positions of a picture of their own, and leave no trace in latents", () => {
    const grids = [
      { height: 1, width: 2 },
      { height: 2, width: 1 },
    ];
    const rows = [
      [0, 0, 0],
      [0, 0, 1],
      [1, 0, 0],
      [1, 1, 0],
    ];
    expect([...imagePositions(grids).data]).toEqual(rows.flat());
    const latents = floats(
      [2, 1, 2, 4],
      Float32Array.from({ length: 16 }, (_, at) => at),
    );
    const longer = withReferences(packLatents(latents), floats([1, 3, 4]));
    expect(unpackLatents(longer, 2, 4)).toEqual(latents);
  });
});

describe("settings of FLUX Kontext", () => {
  it("are the reference's", () => {
    expect(filled({})).toMatchObject({ num_inference_steps: 28, guidance_scale: 3.5, true_cfg_scale: 1 });
    expect(filled({})).toMatchObject({ height: 1024, width: 1024, max_area: 1024 ** 2, _auto_resize: true });
    expect(filled({}).remarks).toBeUndefined();
  });

  // Sizes that diffusers 0.42.1 draws at.
  it.each([
    [1024, 1024, 1024 ** 2, 1024, 1024],
    [1920, 1080, 1024 ** 2, 1360, 768],
    [512, 512, 1024 ** 2, 1024, 1024],
    [100, 333, 1024 ** 2, 560, 1856],
    [80, 48, 3840, 80, 48],
    [180, 100, 3000, 64, 32],
  ])("width %i and height %i give a shape, %i pixels of which are %i x %i", (width, height, max_area, wide, high) => {
    const settings = filled({ width, height, max_area });
    expect(settings).toMatchObject({ width: wide, height: high });
    const isAsked = width === wide && height === high;
    expect(settings.remarks ?? []).toEqual(isAsked ? [] : [expect.stringContaining(`it is ${wide} x ${high}.`)]);
    // What a recipe says, which is these settings, is drawn at the same size.
    const again = filled({ width: wide, height: high, max_area: settings.max_area });
    expect(again).toMatchObject({ width: wide, height: high, max_area: wide * high });
    expect(again.remarks).toBeUndefined();
  });

  // Sizes that diffusers 0.42.1 shows the model an image in.
  it.each([
    [64, 64, 1024, 1024],
    [1000, 500, 1456, 720],
    [500, 1000, 720, 1456],
    [300, 16, 1568, 672],
    [16, 300, 672, 1568],
    [1920, 1080, 1392, 752],
    [31, 47, 720, 1456],
    [641, 479, 1184, 880],
    [1103, 1100, 1024, 1024],
  ])("an image of %i x %i is seen as %i x %i", (width, height, wide, high) => {
    const seen = (given: object) =>
      seenSize(configs, filled({ image: "a.png", ...given }, [{ width, height }]) as never);
    expect(seen({})).toEqual({ width: wide, height: high });
    const floored = { width: width - (width % 16), height: height - (height % 16) };
    expect(seen({ _auto_resize: false })).toEqual(floored);
  });

  it("leave the size of what is drawn alone, whatever is looked at", async () => {
    const picture = { width: 200, height: 100, values: new Float32Array(0) };
    expect(await lookAt(model, {}, { picture })).toEqual({ size: {}, pictures: [picture] });
  });

  it("count the tokens of what is looked at, and its encoding, for the memory that they take", () => {
    const given = { height: 64, width: 64, max_area: 4096, image: "a.png", max_sequence_length: 100 };
    const sizes = (more: object, pictures?: readonly PictureSize[]) =>
      fluxKontextFamily.sizes(configs, filled({ ...given, ...more }, pictures));
    const [small] = [{ width: 48, height: 32 }];
    expect(sizes({}).transformer!.T).toBe(100 + 16 + 4096); // not looked at yet
    expect(sizes({ _auto_resize: false }, [small!]).transformer!.T).toBe(100 + 16 + 3 * 2);
    expect(sizes({ _auto_resize: false }, [small!]).vae).toMatchObject({ h: 8, w: 8 });
    expect(sizes({}, [small!]).vae).toMatchObject({ h: 104, w: 156 });
    expect(sizes({ negative_prompt: "b", true_cfg_scale: 2 }).transformer!.B).toBe(2);
    expect(sizes({ negative_prompt: "b" }).transformer!.B).toBe(1);
  });

  it("are refused by name", () => {
    const size = { width: 64, height: 64 };
    expect(problems({ strength: 0.5 })[0]).toMatch(/^strength is not for FluxKontextPipeline, which takes:/);
    expect(problems({ image: new Array(60).fill("a.png") })[0]).toMatch(/^image must be at most 10 images, found 60/);
    expect(problems({ image: ["a.png", "b.png"] }, [size, size])).toEqual([
      "image must be one, or a number that divides the 1 images to draw, found 2",
    ]);
    expect(problems({ image: ["a.png", "b.png"], num_images_per_prompt: 4 }, [size, size])).toEqual([]);
    expect(problems({ image: "a.png" }, [{ width: 15, height: 64 }])).toEqual([
      "image must be at least 16 pixels on each side, found 15 x 64",
    ]);
    expect(problems({ max_area: 200 })).toEqual([
      "max_area is too small for the shape of height and width: it leaves 0 x 0",
    ]);
    expect(problems({ height: 1, width: 2000 })[0]).toMatch(/^width must be at most 8192, found 45792/);
  });

  it("weigh a large image that is looked at as it is", () => {
    const choice = { limits: { memory_gb: 8 } };
    const given = { prompt: "a", image: "a.png", max_area: 256 ** 2, _auto_resize: false };
    const of = { ...model, components: new Map([["vae", component]]) } as unknown as RecognisedModel;
    const found = (side: number) =>
      settingProblems(of, given, { pictures: [{ width: side, height: side }] }, choice).map(({ text }) => text);
    expect(found(256)).toEqual([]);
    expect(found(8000)).toEqual([
      expect.stringMatching(
        /with 1 images, and 1 to look at, take about 24.6 GB besides the weights, and limits.memory_gb/,
      ),
    ]);
  });
});

const component = { model: { architecture: autoencoderKl, entry: "decode" }, config: configs.vae };
