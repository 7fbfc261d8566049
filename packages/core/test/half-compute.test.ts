import { cpSync } from "node:fs";
import { join } from "node:path";
import { readSafetensors, type StoredTensor } from "@skipstep/contract/graph";
import type { ConfigInput, PluginUse } from "@skipstep/core";
import { Runtime } from "@skipstep/core/model";
import { toFloat32 } from "@skipstep/core/plugin";
import { describe, expect, it, vi } from "vitest";
import { Bnb } from "../../../plugins/bnb/src/index";
import { CacheDit } from "../../../plugins/cache-dit/src/index";
import { ChannelsLast } from "../../../plugins/channels-last/src/index";
import { SvdQuant } from "../../../plugins/svdquant/src/index";
import { Xformers } from "../../../plugins/xformers/src/index";
import { draw, psnr } from "../../../test/draw";
import { emojiConfig, temporaryFolder } from "../../../test/emoji";
import { writeTensors } from "../../../test/made-checkpoint";
import { engineCache as cacheDir } from "../../../test/run-folder";
import * as halves from "../src/compiler/lower-precision";
import * as profiles from "../src/compiler/providers/profile";
import { roundedNodes } from "./rounded-nodes";

// The CPU as an accelerator that computes in float16: what each operator gives is rounded to it. ONNX Runtime's own casts
// for operators that it has not in float16 leave that out between two of them.
const [profileOf, lowered] = [profiles.profileOf, halves.lowerPrecision];
const { halfOperators = {} } = profileOf("webgpu");
vi.spyOn(profiles, "profileOf").mockImplementation(() => ({ ...profileOf("cpu"), halfOperators }));
vi.spyOn(halves, "lowerPrecision").mockImplementation((...given) => roundedNodes(lowered(...given)));
vi.spyOn(Runtime.prototype, "convolutionBlock").mockResolvedValue(undefined); // an accelerator lays filters out itself

const scaled = temporaryFolder();
const models = join(import.meta.dirname, "../../../models");
const small = { num_inference_steps: 2, height: 64, width: 64, seed: 7 };

function emoji(model = "emoji", plugins: readonly PluginUse[] = []): ConfigInput {
  const isCached = plugins.some(({ use }) => use === CacheDit); // with fewer steps there is nothing to reuse
  const generate = { prompt: "red heart", num_inference_steps: isCached ? 8 : 2 };
  return { ...emojiConfig({ generate, plugins }), model: join(models, model) };
}

function fixture(name: string, subject: object = { prompt: "a red heart" }): ConfigInput {
  return {
    model: join(import.meta.dirname, "../../../test/golden/pipelines", name),
    generate: { ...small, ...subject },
  };
}

/** Decibels of float16 against float32, which says no more than that. */
async function compared(config: ConfigInput): Promise<number> {
  const [plain, half] = [await draw(config, cacheDir), await draw({ ...config, dtype: "float16" }, cacheDir)];
  expect(half.report.warnings).toEqual(plain.report.warnings);
  const reused = [plain, half].map(({ report }) => report.plugins.map(({ regions }) => regions.map((r) => r.reused)));
  expect(reused[1]).toEqual(reused[0]);
  return psnr(half, plain);
}

describe("float16 on a device that computes in it", () => {
  it.each([
    emoji(),
    emoji("emoji-unet"),
    ...["sdxl", "sd3", "flux", "flux2-klein-base", "qwen-image", "sana"].map((name) => fixture(name)),
  ])("gives the image of float32: $model", async (config) => {
    expect(await compared(config)).toBeGreaterThan(45);
  });

  it.each<[string, PluginUse, string?]>([
    ["bnb in 8 bits", { use: Bnb, options: { load_in_8bit: true } }],
    ["bnb in NF4", { use: Bnb, options: { load_in_4bit: true, bnb_4bit_quant_type: "nf4" } }],
    ["svdquant", { use: SvdQuant, options: { rank: 4, skip: ["layers.3", "layers.4", "layers.5", "layers.6"] } }],
    [
      "cache-dit",
      { use: CacheDit, options: { Fn_compute_blocks: 1, residual_diff_threshold: 0.9, max_warmup_steps: 1 } },
    ],
    ["xformers in blocks", { use: Xformers, options: { op: "cutlass" } }],
    ["xformers as products", { use: Xformers, options: { op: "math" } }],
    ["channels-last", { use: ChannelsLast, components: ["unet", "vae"] }, "emoji-unet"],
    [
      "channels-last in int8",
      { use: ChannelsLast, options: { int8: "dynamic" }, components: ["unet", "vae"] },
      "emoji-unet",
    ],
  ])("goes with %s", async (_, plugin, model) => {
    expect(await compared(emoji(model, [plugin]))).toBeGreaterThan(42); // 8-bit activations round to another code
  });

  it("tells where values come from that it does not hold, and what to set", async () => {
    const config = { ...emoji(), model: scaledCopy("layers.2.attention.to_v.weight") };
    expect((await draw(config, cacheDir)).report.warnings).toEqual([]);
    await expect(draw({ ...config, dtype: "float16" }, cacheDir)).rejects.toThrow(
      expect.objectContaining({
        code: "SKIPSTEP_DTYPE_NOT_FINITE",
        message:
          'transformer gives NaN or infinity in float16: the first to do so is MatMul in layers.2.attention. Set "dtype": { "transformer": "float32" }.',
      }),
    );
    const parts = { transformer: "float32", default: "float16" } as const;
    expect((await draw({ ...config, dtype: parts }, cacheDir)).report.warnings).toEqual([]);
  });
});

/** The emoji model with a weight that is as large as float16 allows. */
function scaledCopy(weight: string): string {
  cpSync(join(models, "emoji"), scaled, { recursive: true });
  const file = join(scaled, "transformer/diffusion_pytorch_model.safetensors");
  const tensors = new Map<string, StoredTensor>();
  for (const [name, { dtype, shape, data }] of readSafetensors(file)) tensors.set(name, { dtype, shape, bytes: data });
  const { dtype, shape, bytes } = tensors.get(weight)!;
  const values = toFloat32(new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength), dtype);
  const factor = 60_000 / values.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
  tensors.set(weight, { dtype: "float32", shape, bytes: values.map((value) => value * factor) });
  writeTensors(file, tensors);
  return scaled;
}
