import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describePlugin } from "@skipstep/contract";
import { type ConfigInput, createPipeline, type GenerateResult, inspectConfig, validateConfig } from "@skipstep/core";
import { afterAll, describe, expect, it } from "vitest";
import { CacheDit, type CacheDitOptions } from "../src/index";

describe("DBCache with TaylorSeer", () => {
  describePlugin(CacheDit, {
    exact: { Fn_compute_blocks: 1, residual_diff_threshold: 0 },
    active: {
      Fn_compute_blocks: 1,
      max_warmup_steps: 4,
      residual_diff_threshold: 0.3,
      max_continuous_cached_steps: 2,
      calibrator_type: "taylorseer",
    },
    tolerance: 0.1, // largest absolute difference of the latents from those without the plugin
  });
});

describe("DBPrune", () => {
  describePlugin(CacheDit, {
    exact: { cache_type: "DBPrune", Fn_compute_blocks: 1, residual_diff_threshold: 0 },
    active: { cache_type: "DBPrune", Fn_compute_blocks: 1, max_warmup_steps: 2, residual_diff_threshold: 0.05 },
    tolerance: 0.1,
  });
});

const folder = mkdtempSync(join(tmpdir(), "skipstep-cache-dit-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const model = join(import.meta.dirname, "../../../packages/contract/models/z-image");

function configWith(options: Partial<CacheDitOptions>, num_inference_steps = 5): ConfigInput {
  const generate = { prompt: "a cat", num_inference_steps, height: 32, width: 32, seed: 1 };
  return { model, plugins: [{ use: CacheDit, options }], generate };
}

async function generated(config: ConfigInput): Promise<GenerateResult> {
  const pipeline = await createPipeline(config, { cacheDir: join(folder, "cache") });
  try {
    return await pipeline.generate();
  } finally {
    await pipeline.close();
  }
}

describe("cache-dit", () => {
  it.each<[string, Partial<CacheDitOptions>, string]>([
    [
      "more blocks than there are",
      { Fn_compute_blocks: 3, Bn_compute_blocks: 2 },
      'Fn_compute_blocks + Bn_compute_blocks of plugin "cache-dit" must be at most 4, the blocks of ZImageTransformer2DModel, found 3 + 2.',
    ],
    [
      "more blocks to prune than there are",
      { cache_type: "DBPrune" },
      'Fn_compute_blocks + Bn_compute_blocks of plugin "cache-dit" must be at most 4, the blocks of ZImageTransformer2DModel, found 8 + 0.',
    ],
    [
      "a mask that begins with 0",
      { Fn_compute_blocks: 1, steps_computation_mask: [0, 1, 1, 1, 1] },
      'steps_computation_mask of plugin "cache-dit" must begin with 1, found 0.',
    ],
  ])("refuses %s before anything is loaded", async (_, options, message) => {
    await expect(validateConfig(configWith(options))).rejects.toMatchObject({
      code: "SKIPSTEP_PLUGIN_OPTION",
      message: expect.stringContaining(`#/plugins/0: ${message}`),
    });
  });

  it.each<[string, Partial<CacheDitOptions>, string]>([
    [
      "of another length",
      { steps_computation_mask: [1, 0, 1] },
      'steps_computation_mask of plugin "cache-dit" must have 5 entries, one for each step of the generation, found 3.',
    ],
    [
      "by a name that has none for so few steps",
      { steps_computation_mask: "fast" },
      'steps_computation_mask "fast" of plugin "cache-dit" is known for 4, 6, 8 and more steps, found 5.',
    ],
  ])("refuses a mask %s at the first step", async (_, options, message) => {
    await expect(generated(configWith({ Fn_compute_blocks: 1, ...options }))).rejects.toMatchObject({
      code: "SKIPSTEP_PLUGIN_OPTION",
      message: expect.stringContaining(message),
    });
  });

  it.each<[string, object]>([
    ["residual_diff_threshold", { residual_diff_threshold: -0.1 }],
    ["Fn_compute_blocks", { Fn_compute_blocks: 0 }],
    ["taylorseer_order", { taylorseer_order: 4 }],
    ["steps_computation_mask", { steps_computation_mask: "quick" }],
    ["steps_computation_mask", { steps_computation_mask: [1, 2] }],
    ["calibrator_type", { calibrator_type: "prony" }],
    ["enable_separate_cfg", { enable_separate_cfg: true }],
  ])("refuses a wrong %s", async (name, options) => {
    await expect(validateConfig(configWith(options))).rejects.toMatchObject({
      code: "SKIPSTEP_CONFIG_INVALID",
      message: expect.stringContaining(name),
    });
  });

  it("follows a named mask, and says which steps", async () => {
    const options = { Fn_compute_blocks: 1, residual_diff_threshold: 1, max_warmup_steps: 0 };
    const { report, recipe } = await generated(configWith({ ...options, steps_computation_mask: "ultra" }, 8)); // 11001001
    const [first, middle] = report.plugins[0]!.regions;
    expect(middle).toMatchObject({ name: "middle", from: "layers.1", to: "layers.3", reused: [2, 3, 5, 6] });
    expect(first!.numbers).toEqual({ residual_diff: { 2: -1, 3: -1, 5: -1, 6: -1 } });
    expect(report.plugins[0]!.summary).toMatch(/^reused 4 of 8 steps, saved -?\d+% of denoiser time /);
    expect(recipe.plugins[0]!.regions[0]!.numbers).toEqual(first!.numbers);
  });

  it("has no effect where no block is left between", async () => {
    const { report } = await generated(configWith({ Fn_compute_blocks: 3, Bn_compute_blocks: 1 }, 2));
    expect(report.plugins).toMatchObject([{ effect: false, regions: [] }]);
  });

  describe("with a static mask, where what leaves the blocks is extrapolated", () => {
    const whole: Partial<CacheDitOptions> = {
      Fn_compute_blocks: 1,
      max_warmup_steps: 0,
      steps_computation_mask: [1, 0, 1, 0, 0, 1],
      steps_computation_policy: "static",
      calibrator_type: "taylorseer",
      calibrator_cache_type: "hidden_states",
    };

    it("computes nothing before the blocks at a reused step, and makes the same image", async () => {
      const lean = await generated(configWith(whole, 6));
      // The same decisions by a threshold, for which the first block is computed at every step.
      const measured = { ...whole, steps_computation_policy: "dynamic", residual_diff_threshold: 1 } as const;
      const full = await generated(configWith(measured, 6));
      const [own, others] = [lean, full].map(({ report }) => report.plugins[0]!.regions.at(-1)!);
      expect(own!.reused).toEqual([1, 3, 4]);
      expect(others!.reused).toEqual([1, 3, 4]);
      const differences = lean.images[0]!.data.map((value, i) => Math.abs(value - full.images[0]!.data[i]!));
      expect(Math.max(...differences)).toBeLessThanOrEqual(1); // of 255: cut elsewhere, kernels round differently
      const share = ({ report }: GenerateResult): number => report.plugins[0]!.compute!.skippedShare;
      expect(share(lean)).toBeGreaterThan(0.47); // half of the steps, but for the last layer
      expect(share(full)).toBeLessThan(0.4);
    });

    it("keeps sizes and prompts apart", async () => {
      const config = configWith(whole, 6);
      const other = { prompt: "a dog", height: 64, width: 32 };
      const fresh = [
        await generated(config),
        await generated({ ...config, generate: { ...config.generate, ...other } }),
      ];
      const pipeline = await createPipeline(config, { cacheDir: join(folder, "cache") });
      try {
        for (const [request, expected] of [
          [{}, fresh[0]!],
          [other, fresh[1]!],
          [{}, fresh[0]!],
        ] as const)
          expect((await pipeline.generate(request)).images[0]!.data).toEqual(expected.images[0]!.data);
      } finally {
        await pipeline.close();
      }
    });

    it.each<[string, Partial<CacheDitOptions>]>([
      ["what the blocks add is", { calibrator_cache_type: "residual" }],
      ["the text stream is not", { enable_encoder_calibrator: false }],
      ["the change decides", { steps_computation_policy: "dynamic" }],
    ])("computes the first blocks where %s", async (_, options) => {
      const { components } = inspectConfig(await validateConfig(configWith({ ...whole, ...options }, 6)));
      const { segments } = components.find(({ name }) => name === "transformer")!;
      expect(segments.some(({ to }) => to.startsWith("layers.0"))).toBe(true); // a segment that ends with the first block
    });

    it("asks for one region from the first node to the last block", async () => {
      const { components } = inspectConfig(await validateConfig(configWith(whole, 6)));
      const segments = components.find(({ name }) => name === "transformer")!.segments.filter(({ once }) => !once);
      const middle = segments.at(-2)!;
      expect(middle.inputs).toContain("latents");
      expect(middle.to).toMatch(/^layers\.3/);
    });
  });
});
