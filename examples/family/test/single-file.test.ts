import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { safetensors } from "@skipstep/contract/graph";
import { type ConfigInput, inspectConfig, validateConfig } from "@skipstep/core";
import { type Floats, floats } from "@skipstep/core/model";
import { beforeAll, describe, expect, it } from "vitest";
import { draw } from "./draw";
import { userFolder } from "./golden-model";
import { madeFolder, madeWeights } from "./made-model";

const folder = userFolder();

/** Two levels as the authors build them: what no shape tells is as in all of their models. */
const unet = {
  sample_size: 32,
  in_channels: 3,
  out_channels: 3,
  block_out_channels: [32, 64],
  down_block_types: ["DownBlock2D", "AttnDownBlock2D"],
  up_block_types: ["AttnUpBlock2D", "UpBlock2D"],
  layers_per_block: 1,
  attention_head_dim: null,
  downsample_padding: 0,
  flip_sin_to_cos: false,
  freq_shift: 1,
  norm_eps: 1e-6,
};
const weights = madeWeights(unet);
const check = (model: string) => validateConfig({ model, plugins: ["ddpm"] } as ConfigInput, { folder });
const written = (name: string, tensors: Readonly<Record<string, Floats>>): string => {
  writeFileSync(join(folder, name), safetensors(tensors));
  return name;
};

/** The names in which the authors' models are passed on, and projections as convolutions. */
function original(name: string): string {
  const parts: readonly (readonly [RegExp, string])[] = [
    [/^time_embedding\.linear_1/, "temb.dense.0"],
    [/^time_embedding\.linear_2/, "temb.dense.1"],
    [/^conv_norm_out/, "norm_out"],
    [/^mid_block\.resnets\.0/, "mid.block_1"],
    [/^mid_block\.attentions\.0/, "mid.attn_1"],
    [/^mid_block\.resnets\.1/, "mid.block_2"],
    [/^down_blocks\.(\d)/, "down.$1"],
    [/^up_blocks\.0/, "up.1"],
    [/^up_blocks\.1/, "up.0"],
    [/\.resnets\./, ".block."],
    [/\.attentions\./, ".attn."],
    [/\.downsamplers\.0\./, ".downsample."],
    [/\.upsamplers\.0\./, ".upsample."],
    [/time_emb_proj/, "temb_proj"],
    [/conv_shortcut/, "nin_shortcut"],
    [/group_norm/, "norm"],
    [/to_([qkv])/, "$1"],
    [/to_out\.0/, "proj_out"],
  ];
  return parts.reduce((text, [from, to]) => text.replace(from, to), name);
}

const originals = Object.fromEntries(
  Object.entries(weights).map(([name, { shape, data }]) => {
    const isProjection = /attentions\..*(to_[qkv]|to_out\.0)\.weight$/.test(name);
    return [original(name), floats(isProjection ? [...shape, 1, 1] : shape, data)];
  }),
);

describe("a single file of a DDPM", () => {
  let expected: Float32Array;
  const generate = { seed: 3, num_inference_steps: 3 };
  beforeAll(async () => {
    const scheduler = { variance_type: "fixed_large" }; // as the authors have it for images of this size
    const { latents } = await draw(folder, { model: madeFolder(join(folder, "made"), unet, scheduler), generate });
    expected = latents.data;
  });

  it.each([
    ["diffusers", weights],
    ["ddpm", originals],
  ])("draws what its folder draws, under the names of %s", async (layout, tensors) => {
    const model = written(`${layout}.safetensors`, tensors);
    const { latents, report } = await draw(folder, { model, generate });
    expect(latents.data).toEqual(expected);
    expect(report.warnings).toEqual([]);
    const { className, components, scheduler } = inspectConfig(await check(model));
    expect({ className, scheduler: scheduler.className }).toEqual({
      className: "DDPMPipeline",
      scheduler: "DDPMScheduler",
    });
    expect(components).toMatchObject([{ name: "unet", className: "UNet2DModel", source: { layout } }]);
  });

  it("is unknown where the package is not named", async () => {
    const model = written("unnamed.safetensors", originals);
    await expect(validateConfig({ model }, { folder })).rejects.toMatchObject({ code: "SKIPSTEP_FILE_UNKNOWN" });
  });

  it.each([
    [
      "attention at two levels",
      { down_block_types: ["AttnDownBlock2D", "AttnDownBlock2D"] },
      "must have attention at one level, found it at 2",
    ],
    [
      "other widths",
      { block_out_channels: [16, 32], norm_num_groups: 8 },
      "must have widths that 32 divides, found 16",
    ],
  ])("is refused with %s, which the authors' have not", async (name, change, problem) => {
    const model = written(`${name.replaceAll(" ", "-")}.safetensors`, madeWeights({ ...unet, ...change }));
    await expect(check(model)).rejects.toThrow(`The UNet2DModel of DDPM ${problem}`);
  });

  it("is no other U-Net", async () => {
    const file = join(
      import.meta.dirname,
      "../../../test/golden/pipelines/sd15/unet/diffusion_pytorch_model.safetensors",
    );
    await expect(check(file)).rejects.toThrow("is Stable Diffusion 1");
  });
});
