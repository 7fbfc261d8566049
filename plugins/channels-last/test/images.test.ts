import { join } from "node:path";
import {
  type ConfigInput,
  createPipeline,
  type GenerateResult,
  type Inspection,
  inspectConfig,
  type PluginUse,
  validateConfig,
} from "@skipstep/core";
import { DeepCache } from "@skipstep/plugin-deepcache";
import { describe, expect, it } from "vitest";
import { inspectionLines } from "../../../packages/cli/src/inspection-lines";
import { engineCache as cacheDir } from "../../../test/run-folder";
import { ChannelsLast, type ChannelsLastOptions } from "../src/index";

const models = join(import.meta.dirname, "../../../models");

async function run(config: ConfigInput): Promise<GenerateResult> {
  const pipeline = await createPipeline(
    {
      ...config,
      generate: {
        prompt: "red heart",
        num_inference_steps: 6,
        guidance_scale: 2,
        height: 128,
        width: 128,
        seed: 3,
        ...config.generate,
      },
    },
    { cacheDir, threads: 1 },
  );
  try {
    return await pipeline.generate();
  } finally {
    await pipeline.close();
  }
}

/** Decibels between two pictures of 8 bits. */
function psnr(a: GenerateResult, b: GenerateResult): number {
  const [x, y] = [a, b].map(({ images }) => images[0]!.values);
  const error = x!.reduce((sum, value, i) => sum + (Math.round(255 * value) - Math.round(255 * y![i]!)) ** 2, 0);
  return 10 * Math.log10(255 ** 2 / (error / x!.length));
}

const use = (options: Partial<ChannelsLastOptions>, components?: string[]) => ({
  use: ChannelsLast,
  options: { ...options },
  ...(components ? { components } : {}),
});

describe("the emoji model's VAE", () => {
  const model = join(models, "emoji");

  it("draws the same picture in float32, and nearly the same in int8", async () => {
    const plain = await run({ model });
    const float = await run({ model, plugins: [use({}, ["vae"])], strict: true });
    expect(psnr(plain, float)).toBeGreaterThan(80);
    expect(float.report.plugins[0]!.summary).toBe("0 transposes left, 65 transposes in convolutions; in vae");

    const int8 = await run({ model, plugins: [use({ int8: "dynamic" }, ["vae"])], strict: true });
    expect(psnr(plain, int8)).toBeGreaterThan(40);
    expect(int8.images[0]!.values).not.toEqual(plain.images[0]!.values);
    const { summary, build } = int8.report.plugins[0]!;
    // The latents come with their channels first.
    expect(summary).toBe(
      "40 weights as int8, 5.3 MB to 1.3 MB, noise 0.70%; 1 transposes left, 1 transposes in convolutions; in vae",
    );
    expect(build.storedBytes).toBeLessThan(0.26 * build.floatBytes);
  });
});

describe("the emoji U-Net", () => {
  const model = join(models, "emoji-unet");
  const deep = { use: DeepCache, options: { cache_interval: 3, cache_branch_id: 2 } };

  it("draws the same picture with its channels last beside DeepCache, and nearly the same in int8", async () => {
    const alone = await run({ model, plugins: [deep] });
    const float = await run({ model, plugins: [use({}), deep], strict: true });
    expect(psnr(alone, float)).toBeGreaterThan(80);
    expect(float.report.plugins[0]!.build.changes["transposes left"]).toBe(0);
    expect(reused(float)).toEqual(reused(alone));
    expect(reused(float)).toEqual([1, 2, 4, 5]);

    const int8 = await run({ model, plugins: [use({ int8: "dynamic" }), deep], strict: true });
    expect(psnr(alone, int8)).toBeGreaterThan(35);
    expect(reused(int8)).toEqual(reused(alone));
    expect(int8.report.plugins[0]!.build.forms).toEqual({ int8: 71 });
    expect(int8.report.plugins[0]!.build.changes["transposes left"]).toBe(0);
  });

  it("is cut at the same places, with as many values crossing", async () => {
    const inspected = async (...plugins: PluginUse[]): Promise<Inspection> =>
      inspectConfig(await validateConfig({ model, plugins, generate: { prompt: "x" } }));
    const outputs = ({ components }: Inspection): number[] =>
      components.find(({ name }) => name === "unet")!.segments.map((segment) => segment.outputs.length);
    const inspection = await inspected(use({ int8: "dynamic" }), deep);
    expect(outputs(inspection)).toEqual(outputs(await inspected(deep)));
    expect(inspectionLines(inspection)).toContainEqual(
      expect.stringMatching(/^ {2}changes +unet: transposes left 0, transposes in convolutions 2$/),
    );
    expect(inspection.plugins[0]).toMatchObject({
      weights: 71,
      components: { unet: { changes: { "transposes left": 0, "transposes in convolutions": 2 } } },
    });
  });
});

function reused({ report }: GenerateResult): readonly number[] {
  return report.plugins.at(-1)!.regions[0]!.reused;
}
