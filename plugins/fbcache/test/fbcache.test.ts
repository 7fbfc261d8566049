import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describePlugin } from "@skipstep/contract";
import { type ConfigInput, createPipeline, type GenerateResult, validateConfig } from "@skipstep/core";
import { afterAll, describe, expect, it } from "vitest";
import { FirstBlockCache } from "../src/index";

describe("with ParaAttention's rule", () => {
  describePlugin(FirstBlockCache, {
    exact: { threshold: 0 }, // changes nothing: the result is equal bit by bit
    active: { threshold: 0.1 }, // saves work
    tolerance: 0.1, // largest absolute difference of the latents from those without the plugin
  });
});

describe("with diffusers' rule and TaylorSeer", () => {
  describePlugin(FirstBlockCache, {
    active: { threshold: 0.1, rule: "diffusers", taylorseer_order: 2 },
    tolerance: 0.1,
  });
});

const root = join(import.meta.dirname, "../../..");
const folder = mkdtempSync(join(tmpdir(), "skipstep-fbcache-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

async function generated(config: ConfigInput): Promise<GenerateResult> {
  const pipeline = await createPipeline(config, { cacheDir: join(folder, "cache") });
  try {
    return await pipeline.generate();
  } finally {
    await pipeline.close();
  }
}

describe("fbcache", () => {
  it("decides on the trained model as the reference does, step by step", async () => {
    const golden = JSON.parse(readFileSync(join(root, "test/golden/emoji/fbcache.json"), "utf8"));
    const { prompt, num_inference_steps, guidance_scale, seed, height, width, options, stats } = golden;
    const { cached_steps, residual_diffs } = stats.cond;
    const { report } = await generated({
      model: join(root, "models/emoji"),
      plugins: [{ use: FirstBlockCache, options: { threshold: options.residual_diff_threshold } }],
      generate: { prompt, num_inference_steps, guidance_scale, seed, height, width },
      strict: true,
    });
    const [first, rest] = report.plugins[0]!.regions;
    expect(rest!.reused).toEqual(cached_steps);
    expect(first!.computed).toHaveLength(num_inference_steps);
    const measured = first!.numbers.residual_diff!;
    expect(Object.keys(measured)).toEqual(Object.keys(residual_diffs));
    for (const [step, expected] of Object.entries<number>(residual_diffs))
      expect(Math.abs(measured[step]! / expected - 1), `step ${step}`).toBeLessThan(1e-3);
    expect(report.plugins[0]!.summary).toMatch(/^reused 11 of 20 steps, saved \d+% of denoiser time /);
  });

  it.each([
    ["threshold", { threshold: -0.1 }],
    ["rule", { rule: "teacache" }],
    ["taylorseer_order", { taylorseer_order: 4 }],
    ["warmup_steps", { warmup_steps: 0.5 }],
  ])("refuses a wrong %s", async (name, options) => {
    const model = join(root, "packages/contract/models/z-image");
    const generate = { prompt: "a cat", height: 32, width: 32 };
    const config = { model, generate, plugins: [{ use: FirstBlockCache, options }] };
    await expect(validateConfig(config)).rejects.toThrow(name);
  });

  it("computes with a model that gives no numbers, and says so", async () => {
    const model = join(folder, "broken");
    cpSync(join(root, "packages/contract/models/z-image"), model, { recursive: true });
    breakWeight(join(model, "transformer/diffusion_pytorch_model.safetensors"), "layers.0.attention.to_q.weight");
    const { report } = await generated({
      model,
      plugins: [{ use: FirstBlockCache, options: { threshold: 1e9 } }],
      generate: { prompt: "a cat", num_inference_steps: 4, height: 32, width: 32, seed: 1 },
    });
    expect(report.plugins[0]!.regions[1]).toMatchObject({ computed: [0, 1, 2, 3], reused: [] });
    expect(report.warnings).toContain(
      'Plugin "fbcache" measured a residual_diff that is no finite number at steps 1, 2, 3.',
    );
  });

  it("has no effect on a model of one block, and says so", async () => {
    const model = join(folder, "one-block");
    cpSync(join(root, "packages/contract/models/z-image"), model, { recursive: true });
    const configFile = join(model, "transformer/config.json");
    const config = JSON.parse(readFileSync(configFile, "utf8"));
    writeFileSync(configFile, JSON.stringify({ ...config, n_layers: 1 }));
    const { report } = await generated({
      model,
      plugins: [{ use: FirstBlockCache, options: { threshold: 1 } }],
      generate: { prompt: "a cat", num_inference_steps: 2, height: 32, width: 32, seed: 1 },
    });
    expect(report.plugins).toMatchObject([{ effect: false, regions: [] }]);
    expect(report.warnings).toEqual([
      expect.stringMatching(/layers\.1\./), // the weights that are left over
      expect.stringMatching(/^Plugin "fbcache" had no effect/),
    ]);
  });
});

/** Makes the first element of a bfloat16 tensor NaN. */
function breakWeight(file: string, tensor: string): void {
  const bytes = readFileSync(file);
  const headerEnd = 8 + Number(bytes.readBigUInt64LE(0));
  const header = JSON.parse(bytes.toString("utf8", 8, headerEnd));
  bytes.writeUInt16LE(0x7fc0, headerEnd + header[tensor].data_offsets[0]);
  writeFileSync(file, bytes);
}
