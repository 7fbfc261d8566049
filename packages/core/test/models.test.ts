import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expectClose } from "@skipstep/contract/graph";
import { describe, expect, it } from "vitest";
import { models } from "../../../test/golden-kinds/models";
import type { Architecture } from "../src/architecture/architecture";
import { autoencoderKl } from "../src/families/autoencoders/autoencoder-kl";
import { autoencoderTiny } from "../src/families/autoencoders/autoencoder-tiny";
import { qwen3 } from "../src/families/encoders/qwen3";
import { rotaryTables } from "../src/families/encoders/rotary-tables";
import { zImage } from "../src/families/z-image/model";
import type { Floats } from "../src/tensor";
import { buildGraph } from "./build-graph";
import { readSafetensors } from "./read-safetensors";
import { runGraph } from "./run-graph";

const root = join(import.meta.dirname, "../../..");
const golden = join(root, "test/golden");

describe("models compute what the reference computes", () => {
  const extras = ["kl-no-attention", "kl-old-names", "tiny-gelu", "tiny-pool", "qwen3-bias"].map(
    (name) => `models-extra/${name}`,
  );

  it.each(["qwen3", "vae-flux", "vae-sd", "vae-tiny", ...extras])("%s", async (name) => {
    const folder = join(golden, name);
    const { class_ } = JSON.parse(readFileSync(join(folder, "about.json"), "utf8"));
    await models[class_]!(folder);
  });

  it("the shipped TAEF2 autoencoder decodes to the reference's pixels", async () => {
    const io = readSafetensors(join(golden, "emoji/plain.safetensors"));
    const { sample } = await runGraph(buildGraph(autoencoderTiny, "decode", join(root, "models/emoji/vae")), {
      z: io.get("out.decoder_input")!,
    });
    const pixels = io.get("out.image") as Floats; // [H, W, 3] in 0..1
    const [height, width] = pixels.shape as [number, number];
    const found = new Float32Array(pixels.data.length);
    for (let channel = 0; channel < 3; channel++)
      for (let at = 0; at < height * width; at++)
        found[at * 3 + channel] = Math.min(
          1,
          Math.max(0, (sample!.data as Float32Array)[channel * height * width + at]! / 2 + 0.5),
        );
    expectClose("pixels", { ...pixels, data: found }, pixels);
  });
});

describe("rotary tables", () => {
  it("repeat for each prompt and turn slower from pair to pair", () => {
    const { cos, sin } = rotaryTables(qwen3.parse({ head_dim: 4, rope_theta: 100 }), 2, 3);
    expect(cos.shape).toEqual([2, 3, 2]);
    expect([...cos.data.subarray(0, 6)]).toEqual([...cos.data.subarray(6)]);
    expect([...sin.data.subarray(4, 6)]).toEqual([Math.sin(2), Math.sin(Math.fround(0.2))].map(Math.fround));
  });
});

describe("config.json", () => {
  const levels = (count: number) => ({
    block_out_channels: new Array<number>(count).fill(32),
    down_block_types: new Array<string>(count).fill("DownEncoderBlock2D"),
    up_block_types: new Array<string>(count).fill("UpDecoderBlock2D"),
  });

  it("fills in the reference's defaults and leaves notes out", () => {
    expect(autoencoderKl.parse({ _class_name: "AutoencoderKL", sample_size: 32, layers_per_block: 2 })).toEqual({
      in_channels: 3,
      out_channels: 3,
      latent_channels: 4,
      down_block_types: ["DownEncoderBlock2D"],
      up_block_types: ["UpDecoderBlock2D"],
      block_out_channels: [64],
      sample_size: 32,
      layers_per_block: 2,
      act_fn: "silu",
      norm_num_groups: 32,
      mid_block_add_attention: true,
      use_quant_conv: true,
      use_post_quant_conv: true,
      scaling_factor: 0.18215,
      force_upcast: true,
      shift_factor: null,
      latents_mean: null,
      latents_std: null,
    });
  });

  it("takes rope_theta from rope_parameters first, then from the older place", () => {
    expect(qwen3.parse({ rope_parameters: { rope_theta: 5, rope_type: "default" }, rope_theta: 6 }).rope_theta).toBe(5);
    expect(qwen3.parse({ rope_theta: 6, rope_scaling: null }).rope_theta).toBe(6);
    expect(qwen3.parse({}).rope_theta).toBe(10_000);
  });

  it("gives every query head its own key head when num_key_value_heads is null", () => {
    expect(qwen3.parse({ num_attention_heads: 6, num_key_value_heads: null }).num_key_value_heads).toBe(6);
  });

  it.each<[string, Architecture, unknown, string]>([
    [
      "act_fn",
      autoencoderKl,
      { act_fn: "tanh" },
      '"act_fn" must be one of "silu", "swish", "gelu", "relu", "mish", found "tanh"',
    ],
    [
      "block type",
      autoencoderKl,
      { ...levels(1), down_block_types: ["AttnDownEncoderBlock2D"] },
      '"down_block_types" (at 0) must be "DownEncoderBlock2D", found "AttnDownEncoderBlock2D"',
    ],
    [
      "levels",
      autoencoderKl,
      { ...levels(3), up_block_types: ["UpDecoderBlock2D"] },
      '"up_block_types" must have as many entries as "block_out_channels" (3), found 1',
    ],
    [
      "two at once",
      autoencoderKl,
      { use_quant_conv: 1, latents_mean: 1 },
      '"use_quant_conv" must be true or false, found 1; "latents_mean" must be a list or null, found 1',
    ],
    ["not an object", autoencoderKl, [], "it must be an object, found []"],
    ["upsample_fn", autoencoderTiny, { upsample_fn: "bilinear" }, '"upsample_fn" must be "nearest", found "bilinear"'],
    [
      "block counts",
      autoencoderTiny,
      { num_decoder_blocks: [3, 1] },
      '"num_decoder_blocks" must have as many entries as "decoder_block_out_channels" (4), found 2',
    ],
    ["missing entry", zImage, { all_patch_size: [4] }, '"all_patch_size" must contain 2, found [4]'],
    [
      "sliding window",
      qwen3,
      { use_sliding_window: true, sliding_window: 128 },
      '"use_sliding_window" must be false, found true',
    ],
    [
      "layer types",
      qwen3,
      { layer_types: ["full_attention", "sliding_attention"] },
      '"layer_types" (at 1) must be "full_attention"',
    ],
    [
      "rope type",
      qwen3,
      { rope_scaling: { rope_type: "yarn", factor: 4 } },
      '"rope_scaling" has no "factor". It takes: rope_theta, rope_type, type',
    ],
    [
      "shared heads",
      qwen3,
      { num_attention_heads: 8, num_key_value_heads: 3 },
      '"num_key_value_heads" must divide 8 heads, found 3',
    ],
  ])("refuses: %s", (_name, architecture, raw, message) => {
    expect(() => architecture.parse(raw)).toThrow(
      expect.objectContaining({ code: "SKIPSTEP_MODEL_OPTION", message: expect.stringContaining(message) }),
    );
  });
});
