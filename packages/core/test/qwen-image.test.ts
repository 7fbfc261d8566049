import { join } from "node:path";
import { describe, expect, it } from "vitest";
import type { Architecture } from "../src/architecture/architecture";
import { tileSizes } from "../src/families/autoencoders/autoencoder";
import { inTiles } from "../src/families/autoencoders/tiled-decode";
import { packLatents } from "../src/families/blocks/packed-latents";
import { qwen25Vl } from "../src/families/encoders/qwen2-5-vl";
import { rotaryTables } from "../src/families/encoders/rotary-tables";
import { qwenImageAutoencoder } from "../src/families/qwen-image/autoencoder";
import { qwenImageFamily } from "../src/families/qwen-image/family";
import { checkFit } from "../src/families/qwen-image/fit";
import { withTokenLengths } from "../src/families/qwen-image/guidance";
import { qwenImage } from "../src/families/qwen-image/model";
import { noHooks } from "../src/graph/build-hooks";
import { Graph } from "../src/graph/graph";
import { concat } from "../src/loop/concat";
import type { Configs, SettingProblem } from "../src/loop/family";
import { combine } from "../src/loop/guidance";
import type { RecognisedModel } from "../src/loop/recognised-model";
import { fillSettings, settingProblems } from "../src/loop/request";
import { createGenerator } from "../src/random";
import { ownCatalogue } from "../src/start/catalogue";
import { type Floats, floats, integers, sizeOf, type Tensor } from "../src/tensor";
import { Weights } from "../src/weights/checkpoint/weights";
import { readConfig } from "./build-graph";
import { thrown } from "./checkpoint-files";
import { runGraph } from "./run-graph";

/** The graph of one function of the model in a folder, whose weights may be of any type. */
function openFolder(architecture: Architecture, entry: string, folder: string): Graph {
  const g = Graph.create("component", Weights.open(folder), noHooks);
  architecture.entries[entry]!(g, architecture.parse(readConfig(folder)));
  return g;
}

const golden = join(import.meta.dirname, "../../../test/golden/pipelines/qwen-image");

describe("the language model of Qwen2.5-VL", () => {
  const folder = join(golden, "text_encoder");
  const file = readConfig(folder);
  const text = file.text_config as Record<string, unknown>;
  const nested = qwen25Vl.parse(file);

  it("gives the states of transformers, without the images' model", async () => {
    const ids = [5, 17, 300, 4000, 2, 0, 99, 1];
    const { cos, sin } = rotaryTables(nested, 1, ids.length);
    const { hidden } = await runGraph(openFolder(qwen25Vl, "encode", folder), {
      input_ids: integers([1, ids.length], ids),
      attention_mask: { dtype: "int32", shape: [1, ids.length], data: new Int32Array(ids.length).fill(1) },
      ...{ cos, sin },
    });
    // transformers 5.24, of rows 0, 3 and 7 the first numbers.
    const expected = [
      [0, [-0.817811, 0.081941, 0.345612, -0.356029]],
      [3, [-0.750915, 0.827041, -0.057457, -0.678422]],
      [7, [-0.322092, 0.0929, 0.258405, -2.110616]],
    ] as const;
    expectNumbers(
      hidden!,
      expected.flatMap(([row, numbers]) => numbers.map((number, i) => [[0, row, i], number])),
    );
  });

  it("is read from files of all ages: the text's options by themselves, among the others, or both", () => {
    const { text_config: _, ...outer } = file;
    const warnings: string[] = [];
    const { rope_parameters, ...flat } = text;
    const old = {
      ...outer,
      ...flat,
      rope_scaling: { type: "mrope", mrope_section: [2, 3, 3] },
      rope_theta: 1_000_000,
      vision_token_id: 3,
      sliding_window: 32_768,
    };
    expect(qwen25Vl.parse(old, (line) => warnings.push(line))).toEqual(nested);
    expect(qwen25Vl.parse({ ...file, ...flat, hidden_size: 64 }, (line) => warnings.push(line))).toEqual(nested);
    expect(warnings).toEqual([]);
    expect(qwen25Vl.parse({ ...outer, ...flat, rope_theta: 5 }).rope_theta).toBe(5);
    expect(qwen25Vl.parse({ ...outer, ...flat, rope_parameters: { rope_theta: 7 }, rope_theta: 5 }).rope_theta).toBe(7);
    expect(qwen25Vl.parse({})).toMatchObject({ head_dim: 128, num_key_value_heads: 8, rope_theta: 1_000_000 });
    qwen25Vl.parse({ ...file, odd: 1 }, (line) => warnings.push(line));
    qwen25Vl.parse({ ...file, text_config: { ...text, odder: 1 } }, (line) => warnings.push(line));
    expect(warnings).toEqual([expect.stringContaining('"odd"'), expect.stringContaining('"odder"')]);
  });

  it.each([
    [{ use_sliding_window: true }, '"use_sliding_window" must be'],
    [{ rope_scaling: { type: "yarn", factor: 4 } }, '"rope_scaling"'],
    [{ num_attention_heads: 6, num_key_value_heads: 4 }, '"num_key_value_heads" must divide 6 heads, found 4'],
    [{ hidden_size: 30 }, '"hidden_size" must be a multiple of twice "num_attention_heads" (2), found 30'],
    [{ layer_types: ["sliding_attention"] }, '"layer_types"'],
  ])("refuses %j, in either place", (options, message) => {
    const { text_config: _, ...outer } = file;
    expect(() => qwen25Vl.parse({ ...file, text_config: { ...text, ...options } })).toThrow(message);
    expect(() => qwen25Vl.parse({ ...outer, ...text, ...options })).toThrow(message);
  });
});

describe("AutoencoderKLQwenImage", () => {
  const folder = join(golden, "vae");
  const config = qwenImageAutoencoder.parse(readConfig(folder));
  const generator = createGenerator(3);
  const draw = (...shape: number[]): Floats => floats(shape, generator.randn(sizeOf(shape)));
  const z = draw(1, 4, 40, 36);
  const noise = draw(1, 3, 288, 264);
  const sample = floats(
    noise.shape,
    noise.data.map((x) => Math.min(1, Math.max(-1, x))),
  );
  const { latent, sample: pixels } = tileSizes(config);
  const decode = async (given: Floats): Promise<Floats> =>
    (await runGraph(openFolder(qwenImageAutoencoder, "decode", folder), { z: given })).sample as Floats;
  const encode = async (given: Floats): Promise<Floats> => {
    const { mean, logvar } = await runGraph(openFolder(qwenImageAutoencoder, "encode", folder), { sample: given });
    return concat([mean as Floats, logvar as Floats], 1);
  };

  // diffusers 0.42.1; some pixels lie in one tile, others where several fade into each other.
  it("decodes one frame of a video, whole and in tiles", async () => {
    const places = [
      [0, 0, 0],
      [1, 195, 195],
      [2, 200, 210],
      [1, 319, 287],
      [2, 100, 250],
    ];
    const at = (numbers: readonly number[]) => places.map((place, i): Place => [[0, ...place], numbers[i]!]);
    expectNumbers(await decode(z), at([0.326627, 0.540748, 0.528855, 0.428649, 0.056995]));
    const tiled = await inTiles(z, { from: latent, to: pixels }, decode);
    expect(tiled.shape).toEqual([1, 3, 320, 288]);
    expectNumbers(tiled, at([0.329097, 0.429993, 0.341192, 0.678216, 0.062389]));
  });

  it("encodes one frame to mean and log variance, whole and in tiles", async () => {
    const places = [
      [0, 0, 0],
      [3, 24, 24],
      [5, 26, 27],
      [7, 35, 32],
      [4, 30, 5],
      [1, 25, 31],
    ];
    const at = (numbers: readonly number[]) => places.map((place, i): Place => [[0, ...place], numbers[i]!]);
    expectNumbers(await encode(sample), at([-0.07004, -0.318353, 0.193832, -0.126299, 0.312704, 0.984986]));
    const tiled = await inTiles(sample, { from: pixels, to: latent }, encode);
    expect(tiled.shape).toEqual([1, 8, 36, 33]);
    expectNumbers(tiled, at([-0.074043, -0.331486, 0.222406, -0.087104, 0.316716, 0.816128]));
  });

  it.each([
    [{ attn_scales: [0.5] }, '"attn_scales" must'],
    [{ input_channels: 4 }, '"input_channels" must be 3, found 4'],
    [{ latents_std: [1] }, '"latents_std" must have an entry for each of 4 channels of "z_dim", found 1'],
    [{ temperal_downsample: [true] }, '"temperal_downsample" must have an entry less than "dim_mult" (4), found 1'],
    [{ base_dim: 3, dim_mult: [1, 1, 1, 1] }, '"base_dim" times each of "dim_mult"'],
  ])("refuses %j", (options, message) => {
    expect(() => qwenImageAutoencoder.parse({ ...readConfig(folder), ...options })).toThrow(message);
  });
});

describe("guidance of Qwen-Image", () => {
  it("gives each token the length that the prompt's prediction has there", () => {
    const draw = (seed: number): Floats => floats([2, 4, 4, 6], createGenerator(seed).randn(192));
    const [cond, uncond] = [draw(1), draw(2)];
    const guided = packLatents(
      withTokenLengths(
        combine(cond, uncond, (x, y) => y + 4 * (x - y)),
        cond,
      ),
    );
    const [wanted, other] = [packLatents(cond), packLatents(uncond)];
    for (let at = 0; at < guided.data.length; at += 16) {
      const of = ({ data }: Floats): number[] => [...data.subarray(at, at + 16)];
      const plain = of(wanted).map((x, i) => of(other)[i]! + 4 * (x - of(other)[i]!));
      const factor = Math.hypot(...of(wanted)) / Math.hypot(...plain);
      for (const [i, x] of of(guided).entries()) expect(x).toBeCloseTo(plain[i]! * factor, 5);
    }
  });

  it("leaves a token of zeros as it is", () => {
    const zeros = floats([1, 4, 2, 2]);
    expect(withTokenLengths(zeros, zeros)).toEqual(zeros);
  });
});

describe("settings of Qwen-Image", () => {
  const configs: Configs = {
    model_index: {},
    text_encoder: qwen25Vl.parse({ hidden_size: 3584, num_attention_heads: 28, num_key_value_heads: 4 }),
    transformer: qwenImage.parse({}),
    vae: qwenImageAutoencoder.parse({}),
  };
  const model = {
    family: qwenImageFamily,
    configs,
    components: new Map(),
    settingsSchema: ownCatalogue.settingsSchema,
  } as unknown as RecognisedModel;
  const problems = (given: object): string[] =>
    settingProblems(model, { prompt: "a", ...given }, {}).map(({ key, text }: SettingProblem) => `${key} ${text}`);

  it("are the reference's", () => {
    const settings = fillSettings(model, { prompt: "a" });
    expect(settings).toMatchObject({ num_inference_steps: 50, true_cfg_scale: 4, height: 1024, width: 1024 });
    expect(settings).toMatchObject({ max_sequence_length: 512, num_images_per_prompt: 1, vae_tiling: false });
    expect(fillSettings(model, { prompt: "a", image: "a.png" }).strength).toBe(0.6);
  });

  it("are refused by name", () => {
    expect(problems({ height: 1032 })).toEqual(["height must be a multiple of 16, found 1032; nearest: 1040"]);
    expect(problems({ max_sequence_length: 1024 })).toEqual([]);
    expect(problems({ max_sequence_length: 1025 })).toEqual(["max_sequence_length must be <= 1024, found 1025"]);
    expect(problems({ prompt_2: "b" })[0]).toMatch(/^prompt_2 is not for QwenImagePipeline, which takes: /);
  });

  it("say how large the models' inputs are: with a negative prompt both passes in one batch", () => {
    const sizes = (given: object) => qwenImageFamily.sizes(configs, fillSettings(model, { prompt: "a", ...given }));
    const size = { height: 64, width: 512, max_sequence_length: 100 };
    expect(sizes(size)).toEqual({
      text_encoder: { B: 1, T: 134 },
      transformer: { B: 1, S: 100, T: 100 + 4 * 32 },
      vae: { B: 1, h: 8, w: 64 },
    });
    expect(sizes({ ...size, negative_prompt: "", num_images_per_prompt: 3 }).transformer!.B).toBe(6);
    expect(sizes({ ...size, negative_prompt: "", true_cfg_scale: 1 }).transformer!.B).toBe(1);
    expect(sizes({ ...size, vae_tiling: true }).vae).toEqual({ B: 1, h: 8, w: 32 });
  });

  it.each([
    ["transformer", { zero_cond_t: true }, '"zero_cond_t" must be false: it is Qwen-Image-Edit (2511)\'s'],
    ["transformer", { use_additional_t_cond: true }, "it is Qwen-Image-Layered's"],
    ["transformer", { in_channels: 16 }, '"in_channels" must be 4 times "z_dim" of the VAE (64), found 16'],
    ["transformer", { out_channels: 4 }, '"out_channels" must make up "in_channels" (64) in a patch, found 16'],
    [
      "text_encoder",
      { hidden_size: 512 },
      '"joint_attention_dim" must be "hidden_size" of the text encoder (512), found 3584',
    ],
  ])("fit only a %s without %j", (component, options, message) => {
    expect(() => checkFit(configs)).not.toThrow();
    const other = { ...(configs[component] as object), ...options };
    expect(thrown(() => checkFit({ ...configs, [component]: other }))).toContain(message);
  });
});

type Place = readonly [place: readonly number[], number: number];

/** Within what sums in another order come to. */
function expectNumbers({ shape, data }: Tensor, places: readonly Place[]): void {
  for (const [place, number] of places) {
    const at = place.reduce((sum, i, axis) => sum * shape[axis]! + i, 0);
    expect(Math.abs(Number(data[at]) - number), `${place}`).toBeLessThan(2e-5);
  }
}
