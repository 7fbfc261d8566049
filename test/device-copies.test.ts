/**
 * What is copied between main memory and a device at each step, counted: on a software driver where there is one, and on
 * a device that stands in main memory anywhere.
 */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { createPipeline, type GenerateResult, type PluginUse } from "@skipstep/core";
import { afterEach, beforeAll, describe, expect, it } from "vitest";
import { keepNoRuntime } from "../packages/core/test/kept-runtime";
import { memoryOfTests } from "../packages/core/test/threads/start-thread";
import { temporaryFolder } from "./emoji";

const cacheDir = temporaryFolder();
const steps = 6;
const swiftShader = "/usr/lib/chromium/vk_swiftshader_icd.json";

/** Of both guidance branches, with the variances that this model predicts as well. */
const predictionBytes = 2 * 8 * 8 * 8 * 4;

async function draw(plugin: PluginUse, device: string): Promise<GenerateResult> {
  const pipeline = await createPipeline(
    {
      model: join(import.meta.dirname, "golden/pipelines/dit"),
      device,
      device_map: { vae: "cpu" },
      generate: { class_labels: [207], num_inference_steps: steps, seed: 3 },
      plugins: [plugin],
    },
    { cacheDir },
  );
  try {
    return await pipeline.generate();
  } finally {
    await pipeline.close();
  }
}

const made = new Map<string, Promise<GenerateResult>>();

/** The same on the CPU. */
function onCpu(tried: PluginUse): Promise<GenerateResult> {
  const key = JSON.stringify(tried);
  const known = made.get(key) ?? draw(tried, "cpu");
  made.set(key, known);
  return known;
}

/** Numbers that plugins decide by, four bytes each and a few for one; DMD solves a small system of them. */
const mostForNumbers = 192;

async function expectNoCopies(tried: PluginUse, found: GenerateResult): Promise<void> {
  const expected = await onCpu(tried);
  expect(expected.report.copies).toBeUndefined();
  const { toMain, toDevice } = found.report.copies!;
  expect(toMain.length).toBe(steps);
  for (const bytes of toMain) {
    expect(bytes).toBeGreaterThanOrEqual(predictionBytes);
    expect(bytes - predictionBytes).toBeLessThanOrEqual(mostForNumbers);
  }
  // Behind the first two steps, which bring what all have in common: latents, timesteps, factors.
  for (const bytes of toDevice.slice(2)) expect(bytes).toBeLessThanOrEqual(predictionBytes);
  const decided = ({ report }: GenerateResult) =>
    report.plugins.map(({ regions }) => regions.map(({ name, computed, reused }) => ({ name, computed, reused })));
  expect(decided(found)).toEqual(decided(expected));
  const [a, b] = [found, expected].map(({ images }) => images[0]!.values) as [Float32Array, Float32Array];
  for (const [i, value] of a.entries()) expect(Math.abs(value - b[i]!)).toBeLessThan(2e-3);
  const regions = found.report.plugins.flatMap((plugin) => plugin.regions);
  expect(regions.some(({ reused }) => reused.length > 0)).toBe(true);
}

const fbcache: PluginUse = { use: "fbcache", options: { threshold: 0.9, warmup_steps: 1, taylorseer_order: 1 } };
const between = { Fn_compute_blocks: 1, residual_diff_threshold: 0.9, max_warmup_steps: 2, enable_calibrator: true };
const parts = { important_condition_threshold: 0.01, downsample_factor: 2, calibrator_type: "dmd" };
const plugins: readonly PluginUse[] = [
  fbcache,
  { use: "cache-dit", options: { ...between, ...parts } },
  { use: "fora", options: { interval: 2 } },
];

describe("tensors stay on a device", () => {
  beforeAll(keepNoRuntime); // each pipeline starts its own thread
  afterEach(() => {
    memoryOfTests.isDevice = false;
  });

  it.each(plugins.map((plugin) => [plugin.use, plugin] as const))("with %s", async (_name, each) => {
    await onCpu(each);
    memoryOfTests.isDevice = true;
    const found = await draw(each, "cpu");
    memoryOfTests.isDevice = false;
    await expectNoCopies(each, found);
  });
});

describe.skipIf(!existsSync(swiftShader))("and on WebGPU", () => {
  it("with fbcache", { timeout: 300_000 }, async () => {
    process.env.VK_ICD_FILENAMES ??= swiftShader;
    await expectNoCopies(fbcache, await draw(fbcache, "webgpu"));
  });
});
