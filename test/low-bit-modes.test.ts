import { join } from "node:path";
import type { ConfigInput, GenerateResult, PluginUse } from "@skipstep/core";
import { describe, expect, it } from "vitest";
import { Bnb, type BnbOptions } from "../plugins/bnb/src/index";
import { CacheDit } from "../plugins/cache-dit/src/index";
import { SvdQuant } from "../plugins/svdquant/src/index";
import { draw, psnr } from "./draw";
import { emojiConfig } from "./emoji";
import { engineCache as cacheDir } from "./run-folder";

const golden = join(import.meta.dirname, "golden");
const generate = { prompt: "red heart" };

const bnb = (options: Partial<BnbOptions>, components?: string[]): PluginUse => ({
  use: Bnb,
  options: { ...options },
  ...(components ? { components } : {}),
});
/** Outliers are found in the whole batch: without them each token is rounded by itself. */
const eightBits = bnb({ load_in_8bit: true, llm_int8_threshold: 0 });
const drawn = (config: ConfigInput): Promise<GenerateResult> => draw(config, cacheDir);

describe("packed weights in every mode of memory", () => {
  it.each<[string, PluginUse]>([
    ["bnb in 8 bits", bnb({ load_in_8bit: true }, ["transformer", "text_encoder"])],
    ["bnb in NF4", bnb({ load_in_4bit: true, bnb_4bit_quant_type: "nf4" })],
    ["svdquant", { use: SvdQuant, options: { rank: 4, skip: ["layers.3", "layers.4", "layers.5", "layers.6"] } }],
  ])("%s", async (_, plugin) => {
    const resident = await drawn(emojiConfig({ generate, plugins: [plugin] }));
    const { build } = resident.report.plugins[0]!;
    expect(build.storedBytes).toBeLessThan(build.floatBytes / 2);
    for (const memory of ["sequential", "component"] as const) {
      const { images, report } = await drawn(emojiConfig({ generate, plugins: [plugin], memory }));
      expect(images[0]!.values).toEqual(resident.images[0]!.values);
      expect(report.plugins[0]!.build).toEqual(build);
    }
  });
});

describe("bnb", () => {
  it("goes with guidance in two passes, where each branch of a cache decides for itself", async () => {
    const options = { Fn_compute_blocks: 1, max_warmup_steps: 2, residual_diff_threshold: 0.4 };
    const cache: PluginUse = { use: CacheDit, options };
    const steps = { ...generate, num_inference_steps: 8 };
    const joint = await drawn(emojiConfig({ generate: steps, plugins: [eightBits] }));
    const separate = await drawn(emojiConfig({ generate: steps, plugins: [eightBits], guidance: "separate" }));
    expect(psnr(separate, joint)).toBeGreaterThan(60);
    const alone = await drawn(emojiConfig({ generate: steps, plugins: [cache], guidance: "separate" }));
    const both = await drawn(emojiConfig({ generate: steps, plugins: [eightBits, cache], guidance: "separate" }));
    const reused = ({ report }: GenerateResult) => report.plugins.at(-1)!.regions.map((region) => region.reused);
    expect(reused(both)).toEqual(reused(alone));
    expect(reused(both).flat().length).toBeGreaterThan(0);
    expect(psnr(both, alone)).toBeGreaterThan(40);
  });

  it("quantizes what a LoRA left, by its scale", async () => {
    const model = join(golden, "pipelines/sd15");
    const path = join(golden, "extras/lora-kohya-sd15/lora.safetensors");
    const settings = { ...generate, num_inference_steps: 2, height: 64, width: 64, seed: 1 };
    const [merged, quantized, both, half] = [
      await drawn({ model, generate: settings, lora: [path] }),
      await drawn({ model, generate: settings, plugins: [eightBits] }),
      await drawn({ model, generate: settings, plugins: [eightBits], lora: [path] }),
      await drawn({ model, generate: settings, plugins: [eightBits], lora: [{ path, scale: 0.5 }] }),
    ];
    expect(both.report.plugins[0]!.build).toEqual(quantized.report.plugins[0]!.build);
    expect(both.report.warnings).toEqual([]);
    expect(psnr(both, merged)).toBeGreaterThan(35);
    expect(psnr(both, quantized)).toBeLessThan(psnr(half, quantized));
    expect(psnr(half, quantized)).toBeLessThan(psnr(both, merged));
  });
});
