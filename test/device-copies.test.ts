/**
 * What is copied between main memory and a device at each step, counted: on a software driver where there is one, and on
 * a device that stands in main memory anywhere.
 */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { createPipeline, type GenerateResult, type PluginUse } from "@skipstep/core";
import { afterEach, describe, expect, it } from "vitest";
import { memoryOfTests } from "../packages/core/test/threads/start-thread";
import { temporaryFolder } from "./emoji";

const cacheDir = temporaryFolder();
const steps = 6;
const swiftShader = "/usr/lib/chromium/vk_swiftshader_icd.json";

/** Models with the bytes of a prediction of both guidance branches. */
const models = {
  dit: { generate: { class_labels: [207] }, prediction: 2 * 8 * 8 * 8 * 4 },
  sd15: { generate: { prompt: "a cat", height: 64, width: 64 }, prediction: 2 * 4 * 8 * 8 * 4 },
  "z-image": { generate: { prompt: "a cat", height: 64, width: 64 }, prediction: 2 * 16 * 8 * 8 * 4 },
} as const;

interface Case {
  readonly model: keyof typeof models;
  readonly plugin: PluginUse;
}

async function draw({ model, plugin }: Case, device: string): Promise<GenerateResult> {
  const pipeline = await createPipeline(
    {
      model: join(import.meta.dirname, "golden/pipelines", model),
      device,
      device_map: { vae: "cpu" },
      generate: { ...models[model].generate, num_inference_steps: steps, seed: 3 },
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
function onCpu(tried: Case): Promise<GenerateResult> {
  const key = JSON.stringify(tried);
  const known = made.get(key) ?? draw(tried, "cpu");
  made.set(key, known);
  return known;
}

/** Numbers that plugins decide by, four bytes each and a few for one; DMD solves a small system of them. */
const mostForNumbers = 192;

async function expectNoCopies(tried: Case, found: GenerateResult): Promise<void> {
  const expected = await onCpu(tried);
  expect(expected.report.copies).toBeUndefined();
  const { toMain, toDevice } = found.report.copies!;
  const { prediction } = models[tried.model];
  expect(toMain.length).toBeGreaterThanOrEqual(steps);
  for (const bytes of toMain) {
    expect(bytes).toBeGreaterThanOrEqual(prediction);
    expect(bytes - prediction).toBeLessThanOrEqual(mostForNumbers);
  }
  // Behind the first two steps, which bring what all have in common: latents, timesteps, integers, factors.
  for (const bytes of toDevice.slice(2)) expect(bytes).toBeLessThanOrEqual(prediction + 1024);
  const decided = ({ report }: GenerateResult) =>
    report.plugins.map(({ regions }) => regions.map(({ name, computed, reused }) => ({ name, computed, reused })));
  expect(decided(found)).toEqual(decided(expected));
  const [a, b] = [found, expected].map(({ images }) => images[0]!.values) as [Float32Array, Float32Array];
  for (const [i, value] of a.entries()) expect(Math.abs(value - b[i]!)).toBeLessThan(2e-3);
  const regions = found.report.plugins.flatMap((plugin) => plugin.regions);
  expect(regions.some(({ reused }) => reused.length > 0)).toBe(true);
}

function title({ model, plugin }: Case): string {
  return `${model} with ${plugin.use}`;
}

const fbcache: Case = {
  model: "dit",
  plugin: { use: "fbcache", options: { threshold: 0.9, warmup_steps: 1, taylorseer_order: 1 } },
};
const between = { Fn_compute_blocks: 1, residual_diff_threshold: 0.9, max_warmup_steps: 2, enable_calibrator: true };
const parts = { important_condition_threshold: 0.01, downsample_factor: 2, calibrator_type: "dmd" };
const cases: readonly Case[] = [
  fbcache,
  { model: "dit", plugin: { use: "cache-dit", options: { ...between, ...parts } } },
  { model: "dit", plugin: { use: "fora", options: { interval: 2 } } },
  { model: "dit", plugin: { use: "adacache", options: { codebook: [[10, 2]] } } },
  { model: "sd15", plugin: { use: "deepcache" } },
  { model: "z-image", plugin: { use: "seacache", options: { threshold: 10 } } },
];

describe("tensors stay on a device", () => {
  afterEach(() => {
    memoryOfTests.isDevice = false;
  });

  it.each(cases.map((each) => [title(each), each] as const))("%s", async (_title, each) => {
    await onCpu(each);
    memoryOfTests.isDevice = true;
    const found = await draw(each, "cpu");
    memoryOfTests.isDevice = false;
    await expectNoCopies(each, found);
  });
});

describe.skipIf(!existsSync(swiftShader))("and on WebGPU", () => {
  it(title(fbcache), { timeout: 300_000 }, async () => {
    process.env.VK_ICD_FILENAMES ??= swiftShader;
    await expectNoCopies(fbcache, await draw(fbcache, "webgpu"));
  });
});
