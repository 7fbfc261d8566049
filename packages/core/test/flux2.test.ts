import { join } from "node:path";
import { expectClose } from "@skipstep/contract/graph";
import { describe, expect, it } from "vitest";
import { autoencoderKl } from "../src/families/autoencoders/autoencoder-kl";
import { qwen3 } from "../src/families/encoders/qwen3";
import { rotaryTables } from "../src/families/encoders/rotary-tables";
import { flux2Autoencoder } from "../src/families/flux2/autoencoder";
import { empiricalMu } from "../src/families/flux2/empirical-mu";
import { flux2KleinFamily } from "../src/families/flux2/family";
import { flux2 } from "../src/families/flux2/model";
import { imageOf, patched, tokensOf, unpatched } from "../src/families/flux2/patches";
import { imagePositions, textPositions } from "../src/families/flux2/positions";
import { flux2References } from "../src/families/flux2/references";
import { qwen3Taps } from "../src/families/flux2/text-encoder";
import { Graph } from "../src/graph/graph";
import type { PictureSize } from "../src/image/picture";
import type { Configs, SettingProblem } from "../src/loop/family";
import { lookAt } from "../src/loop/look-at";
import type { RecognisedModel } from "../src/loop/recognised-model";
import { fillSettings, settingProblems } from "../src/loop/request";
import { createGenerator } from "../src/random";
import { ownCatalogue } from "../src/start/catalogue";
import { type Floats, floats, sizeOf, type Tensor } from "../src/tensor";
import type { WeightSource } from "../src/weights/checkpoint/weights";
import { buildGraph, readConfig } from "./build-graph";
import { readSafetensors } from "./read-safetensors";
import { runGraph } from "./run-graph";

const golden = join(import.meta.dirname, "../../../test/golden");

function numbered(shape: readonly number[]): Floats {
  return floats(
    shape,
    Float32Array.from({ length: sizeOf(shape) }, (_, i) => i),
  );
}

describe("latents of FLUX.2", () => {
  it("have 2 x 2 pixels in one: the channel slowest, then the row", () => {
    const pixels = numbered([2, 3, 4, 6]); // rows of 6, planes of 24
    const patches = patched(pixels);
    expect(patches.shape).toEqual([2, 12, 2, 3]);
    const at = (item: number, channel: number, y: number, x: number): number =>
      patches.data[((item * 12 + channel) * 2 + y) * 3 + x]!;
    for (const [dy, dx] of [
      [0, 0],
      [0, 1],
      [1, 0],
      [1, 1],
    ] as const)
      expect(at(1, 2 * 4 + dy * 2 + dx, 1, 2)).toBe((1 * 3 + 2) * 24 + (2 + dy) * 6 + 4 + dx);
    expect(unpatched(patches)).toEqual(pixels);
  });

  it("are tokens row by row, and the first of them again, whatever comes behind", () => {
    const latents = numbered([2, 3, 2, 2]);
    const tokens = tokensOf(latents);
    expect(tokens.shape).toEqual([2, 4, 3]);
    expect([...tokens.data.subarray(0, 6)]).toEqual([0, 4, 8, 1, 5, 9]);
    expect(imageOf(tokens, 2, 2)).toEqual(latents);
    const longer = floats([2, 5, 3]);
    for (const item of [0, 1]) longer.data.set(tokens.data.subarray(item * 12, item * 12 + 12), item * 15);
    expect(imageOf(longer, 2, 2)).toEqual(latents);
  });

  it("have positions: 10 from one picture to the next; text counts on the last axis", () => {
    expect([...textPositions(3).data]).toEqual([0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 2]);
    const { shape, data } = imagePositions([
      { height: 1, width: 2 },
      { height: 2, width: 1 },
      { height: 1, width: 1 },
    ]);
    expect(shape).toEqual([5, 4]);
    const rows = [
      [0, 0, 0, 0],
      [0, 0, 1, 0],
      [10, 0, 0, 0],
      [10, 1, 0, 0],
      [20, 0, 0, 0],
    ];
    expect([...data]).toEqual(rows.flat());
  });

  // What diffusers 0.42.1 handed to its scheduler.
  it.each([
    [16, 5, 1.937635542218358],
    [16, 12, 1.8845697784464168],
    [18, 6, 1.9302260327672676],
    [20, 4, 1.9455555455442526],
  ])("of %i tokens in %i steps are shifted by %d", (tokens, steps, mu) => {
    expect(empiricalMu(tokens, steps)).toBeCloseTo(mu, 14);
  });

  it("of more than 4300 tokens are shifted alike in any number of steps", () => {
    expect(empiricalMu(4301, 4)).toBe(0.00016927 * 4301 + 0.45666666);
    expect(empiricalMu(4301, 50)).toBe(empiricalMu(4301, 4));
    expect(empiricalMu(4300, 50)).not.toBe(empiricalMu(4300, 4));
  });
});

describe("states of Qwen3", () => {
  const folder = join(golden, "qwen3");
  const io = readSafetensors(join(folder, "io.safetensors"));
  const ids = io.get("in.input_ids")!;
  const mask = Int32Array.from(io.get("in.attention_mask")!.data, Number);
  const inputs = {
    input_ids: ids,
    attention_mask: { dtype: "int32", shape: ids.shape, data: mask } as Tensor,
    ...rotaryTables(qwen3.parse(readConfig(folder)), 2, 8),
  };
  /** transformers 5.24: of each state a real token's first numbers (0, 1), and padding's (1, 7). */
  const expected = [
    [0.077045, -0.212316, 0.09152, -0.004438, 0.143188, 0.192009, -0.206978, -0.196458],
    [1.29389, -0.330623, -1.777806, 0.163721, 0.640832, 0.362046, -1.794027, 0.712659],
    [3.247988, -0.949021, -0.951274, 0.975716, 0.534503, 1.092054, -0.996907, 0.935447],
    [4.676941, -2.982354, -3.714344, 2.18236, 0.447092, 0.443612, -2.983106, 1.903722],
    [2.457781, -1.783334, -1.999917, 0.516056, 0.222296, -0.956997, -1.688107, 0.28927],
  ];
  const numbersOf = ({ data, shape }: Tensor, from = 0): number[] =>
    [1, 15].flatMap((row) => [...(data as Float32Array).subarray(row * shape[2]! + from, row * shape[2]! + from + 4)]);

  it("are those of transformers, padding's as well, the last one normalized", async () => {
    const states = await runGraph(buildGraph(qwen3Taps, "states", folder), inputs);
    expect(Object.keys(states)).toEqual(expected.map((_, k) => `state_${k}`));
    for (const [k, numbers] of expected.entries())
      for (const [i, number] of numbersOf(states[`state_${k}`]!).entries())
        expect(Math.abs(number - numbers[i]!), `state ${k}`).toBeLessThan(2e-5);
  });

  it("stand side by side for each token, layer by layer", async () => {
    const { hidden } = await runGraph(buildGraph(qwen3Taps, "taps", folder), inputs); // with 4 layers, thrice the last
    expect(hidden!.shape).toEqual([2, 8, 96]);
    for (const from of [0, 32, 64])
      for (const [i, number] of numbersOf(hidden!, from).entries())
        expect(Math.abs(number - expected[4]![i]!)).toBeLessThan(2e-5);
  });

  it("end behind the last layer that is wanted", () => {
    const blocks = (layers: number): number => {
      const config = {
        num_hidden_layers: layers,
        hidden_size: 8,
        num_attention_heads: 1,
        num_key_value_heads: 1,
        head_dim: 8,
      };
      const graph = Graph.create("text_encoder", anyWeights, noPlugins);
      qwen3Taps.entries.taps!(graph, qwen3Taps.parse(config));
      return [...graph.taps.keys()].filter((name) => /layers\.\d+\.out0$/.test(name)).length;
    };
    expect(blocks(36)).toBe(27);
    expect(blocks(20)).toBe(20);
  });
});

const noPlugins = { weightLoad: () => undefined, attention: () => undefined };
const anyWeights = {
  has: () => true,
  entry: () => ({ dtype: "float32" }),
  expect: () => ({ dtype: "float32" }),
} as unknown as WeightSource;

describe("AutoencoderKLFlux2", () => {
  const folder = join(golden, "vae-flux");
  const { latents_mean: _, latents_std: __, scaling_factor: ___, shift_factor: ____, ...file } = readConfig(folder);
  const config = { ...file, batch_norm_eps: 0.01 };
  const io = readSafetensors(join(folder, "io.safetensors"));
  const channels = 16;
  const statistic = (seed: number): Float32Array => createGenerator(seed).randn(4 * channels);
  const mean = statistic(1);
  const variance = statistic(2).map((x) => x * x);
  /** Of a latent pixel: its channel and place in the patch. */
  const place = (at: number, [, , height, width]: readonly number[]): number => {
    const [plane, y, x] = [Math.floor(at / (height! * width!)), Math.floor(at / width!) % height!, at % width!];
    return (plane % channels) * 4 + (y % 2) * 2 + (x % 2);
  };
  const scaled = ({ shape, data }: Floats, scale: (x: number, mean: number, deviation: number) => number): Floats =>
    floats(
      shape,
      data.map((x, at) => scale(x, mean[place(at, shape)]!, Math.sqrt(variance[place(at, shape)]! + 0.01))),
    );
  const graph = (entry: string): Graph => {
    const own = readSafetensors(join(folder, "diffusion_pytorch_model.safetensors"));
    const tensors = new Map<string, Tensor>([
      ...own,
      ["bn.running_mean", floats([4 * channels], mean)],
      ["bn.running_var", floats([4 * channels], variance)],
    ]);
    const source = {
      has: (name: string) => tensors.has(name),
      entry: (name: string) => tensors.get(name),
      expect: (name: string, shape: readonly number[]) => {
        expect(tensors.get(name)?.shape, name).toEqual(shape);
        return tensors.get(name);
      },
      readFloat32: (name: string) => tensors.get(name)!.data,
    } as unknown as WeightSource;
    const g = Graph.create("vae", source, noPlugins);
    flux2Autoencoder.entries[entry]!(g, flux2Autoencoder.parse(config));
    return g;
  };

  it("decodes what AutoencoderKL decodes, from latents that are scaled by channel and place", async () => {
    const z = io.get("in.z") as Floats;
    const { sample } = await runGraph(graph("decode"), { z: scaled(z, (x, m, deviation) => (x - m) / deviation) });
    const plain = await runGraph(buildGraph(autoencoderKl, "decode", folder), { z });
    expectClose("sample", sample!, plain.sample!);
  });

  it("encodes to the mean, scaled the same way", async () => {
    const { latents } = await runGraph(graph("encode"), { sample: io.get("in.sample")! });
    expectClose(
      "latents",
      latents!,
      scaled(io.get("out.0") as Floats, (x, m, deviation) => (x - m) / deviation),
    );
  });

  it("may have a decoder of other widths, but not of other depth", () => {
    const levels = (readConfig(folder).block_out_channels as number[]).length;
    expect(() =>
      flux2Autoencoder.parse({ ...config, decoder_block_out_channels: new Array(levels).fill(8) }),
    ).not.toThrow();
    expect(() => flux2Autoencoder.parse({ ...config, decoder_block_out_channels: [8] })).toThrow(
      `"decoder_block_out_channels" must have as many entries as "block_out_channels" (${levels}), found 1`,
    );
    expect(() => flux2Autoencoder.parse({ ...config, patch_size: [1, 1] })).toThrow("patch_size");
  });
});

describe("settings of FLUX.2 klein", () => {
  const configs = (isDistilled: boolean, sample_size = 1024): Configs => ({
    model_index: { is_distilled: isDistilled },
    text_encoder: qwen3Taps.parse({ num_hidden_layers: 36, hidden_size: 2560 }),
    transformer: flux2.parse({ guidance_embeds: false, joint_attention_dim: 7680 }),
    vae: flux2Autoencoder.parse({ sample_size }),
  });
  const model = (of: Configs): RecognisedModel =>
    ({
      family: flux2KleinFamily,
      configs: of,
      components: new Map(),
      settingsSchema: ownCatalogue.settingsSchema,
    }) as unknown as RecognisedModel;
  const base = model(configs(false));
  const problems = (given: object, pictures?: readonly PictureSize[], of = base): string[] =>
    settingProblems(of, { prompt: "a", ...given }, pictures ? { pictures } : {}).map(
      ({ key, text }: SettingProblem) => `${key} ${text}`,
    );

  it("are the reference's; a distilled model is not guided", () => {
    const settings = fillSettings(base, { prompt: "a" });
    expect(settings).toMatchObject({ num_inference_steps: 50, guidance_scale: 4, height: 1024, width: 1024 });
    expect(settings).toMatchObject({ max_sequence_length: 512, text_encoder_out_layers: [9, 18, 27] });
    expect(fillSettings(model(configs(true)), { prompt: "a" }).guidance_scale).toBe(1);
    const rows = (isDistilled: boolean, guidance_scale: number): unknown => {
      const of = configs(isDistilled);
      return flux2KleinFamily.sizes(of, fillSettings(model(of), { prompt: "a", guidance_scale })).transformer!.B;
    };
    expect([rows(false, 4), rows(false, 1), rows(true, 4)]).toEqual([2, 1, 1]);
  });

  it("are refused by name", () => {
    expect(problems({ negative_prompt: "b" })[0]).toMatch(/^negative_prompt is not for Flux2KleinPipeline/);
    expect(problems({ height: 72 })).toEqual(["height must be a multiple of 16, found 72; nearest: 80"]);
    expect(problems({ text_encoder_out_layers: [9, 18, 37] })).toEqual([
      "text_encoder_out_layers must be at most 36, the text encoder's layers, found 37",
    ]);
    expect(problems({ text_encoder_out_layers: [9, 18] })[0]).toContain(
      '"joint_attention_dim" of the transformer (7680)',
    );
    expect(problems({ vae_tiling: true })).toEqual([]);
    expect(problems({ vae_tiling: true }, undefined, model(configs(false, 80)))).toEqual([
      "vae_tiling needs a sample_size of the VAE that is a multiple of 64, found 80",
    ]);
  });

  it("take images to look at: not too many, too small or too long", () => {
    const image = ["a.png", "b.png"];
    const size = { width: 64, height: 512 };
    expect(problems({ image }, [size, size])).toEqual([]);
    expect(problems({ image: new Array(60).fill("a.png") })).toEqual(["image must be at most 10 images, found 60"]);
    expect(problems({ image }, [size, { width: 63, height: 64 }])).toEqual([
      "image 2 of 2 must be at least 64 pixels on each side, found 63 x 64",
    ]);
    expect(problems({ image: "a.png" }, [{ width: 64, height: 513 }])).toEqual([
      "image must be at most 8 times as long as wide, found 64 x 513",
    ]);
  });

  it("count the tokens of such images for the memory that they take", () => {
    const tokens = (pictures?: readonly PictureSize[]): unknown => {
      const given = { prompt: "a", image: ["a.png", "b.png"], height: 64, width: 32, max_sequence_length: 100 };
      return flux2KleinFamily.sizes(base.configs, fillSettings(base, given, pictures ? { pictures } : {})).transformer!
        .T;
    };
    const own = 100 + 4 * 2;
    expect(
      tokens([
        { width: 90, height: 75 },
        { width: 64, height: 64 },
      ]),
    ).toBe(own + 5 * 4 + 4 * 4);
    expect(tokens()).toBe(own + 2 * 4096); // not looked at yet
  });

  it("take their size from the first image, shrunk to a million pixels and cut to whole tokens", async () => {
    const size = (width: number, height: number): PictureSize =>
      flux2References.drawn!(base.configs, { width, height });
    expect(size(90, 75)).toEqual({ width: 80, height: 64 });
    expect(size(1024, 1024)).toEqual({ width: 1024, height: 1024 });
    expect(size(4000, 3000)).toEqual({ width: 1168, height: 880 }); // int(1182.4), int(886.8)
    const picture = (width: number, height: number) => ({ width, height, values: new Float32Array(0) });
    const pictures = [picture(90, 75), picture(200, 100)];
    expect((await lookAt(base, {}, { picture: pictures })).size).toEqual({ width: 80, height: 64 });
    expect((await lookAt(base, { height: 128 }, { picture: pictures })).size).toEqual({ width: 80 });
    expect((await lookAt(base, {}, { picture: pictures })).pictures).toHaveLength(2);
    expect((await lookAt(base, {}, { picture: picture(90, 20) })).size).toEqual({});
  });
});
