import { join } from "node:path";
import { expect, it } from "vitest";
import { engineCache as cacheDir } from "../../../test/run-folder";
import { createPipeline, type PluginReport, type Report } from "../src/index";
import { add, type DeviceTensor, type Hooks, type PluginClass, type RegionRequest, subtract } from "../src/plugin";
import { pluginWith } from "./hook-recorder";

const model = join(import.meta.dirname, "../../contract/models/z-image");
const generate = { prompt: "a cat", num_inference_steps: 4, guidance_scale: 0, height: 32, width: 32, seed: 3 };

async function report(...plugins: PluginClass[]): Promise<Report> {
  const pipeline = await createPipeline({ model, plugins, generate }, { cacheDir, threads: 1 });
  const result = await pipeline.generate();
  await pipeline.close();
  return result.report;
}

/** Adds what a region added at its last computed step, at some steps. */
function skipping(name: string, steps: readonly number[], ...regions: RegionRequest[]): PluginClass {
  const residuals = new Map<string, DeviceTensor>();
  const blockForward: Hooks["blockForward"] = async ({ step, region }, inputs, next) => {
    if (steps.length === 0) return next(inputs);
    const known = residuals.get(region.name);
    if (known && steps.includes(step.index)) return { hidden: await add(inputs.hidden!, known) };
    const outputs = await next(inputs);
    known?.release();
    residuals.set(region.name, (await subtract(outputs.hidden!, inputs.hidden!)).keep());
    return outputs;
  };
  return pluginWith(name, () => ({ blockForward }), { regions: () => regions });
}

const block = (i: number): RegionRequest => ({ name: `block ${i}`, from: `layers.${i}` });
const whole: RegionRequest = { name: "model", from: "" };
const blocks: RegionRequest = { name: "blocks", from: "layers.0", to: "layers.3" };
const one = (reports: Report, name: string): PluginReport => reports.plugins.find((plugin) => plugin.name === name)!;
/** Of a region at one step. */
const flopsOf = ({ regions }: PluginReport, at = 0): number => regions[at]!.flops / generate.num_inference_steps;

/**
 * Of what depends on the prompt alone and is computed once; a region around the whole model keeps it at every step.
 * @param ofAll FLOPs of all steps, this part counted once
 */
function promptFlops(ofModel: number, ofAll: number): number {
  const flops = (generate.num_inference_steps * ofModel - ofAll) / (generate.num_inference_steps - 1);
  expect(Math.abs(flops - Math.round(flops))).toBeLessThan(1e-6 * flops);
  expect(flops).toBeLessThan(0.1 * ofModel);
  return flops;
}

it("tells the FLOPs of a region, their share, and what skipping them came to in time", async () => {
  const watched = await report(skipping("whole", [], whole));
  expect(one(watched, "whole")).not.toHaveProperty("compute");
  const ofModel = flopsOf(one(watched, "whole"));
  const { regions, compute, summary } = one(await report(skipping("cache", [1, 3], blocks)), "cache");
  const [region] = regions;
  expect(region).toMatchObject({ reused: [1, 3], skippedFlops: region!.flops / 2 });
  expect(region!.flops).toBeLessThan(ofModel * 4);
  expect(compute!.skippedFlops).toBe(region!.skippedFlops);
  expect(promptFlops(ofModel, compute!.skippedFlops / compute!.skippedShare)).toBeGreaterThan(0);
  expect(compute!.savedSeconds).toBeLessThan(region!.savedSeconds); // its own work is taken off
  expect(compute!.realised).toBeCloseTo((1 - compute!.skippedShare) / (1 - compute!.savedShare), 10);
  const percent = (share: number): number => Math.round(100 * share);
  expect(summary).toBe(
    `reused 2 of 4 steps, saved ${percent(compute!.savedShare)}% of denoiser time ` +
      `(${percent(compute!.skippedShare)}% of FLOPs skipped, ${percent(compute!.realised)}% realised)`,
  );
});

it("counts regions inside skipped ones once, in one plugin and in two", async () => {
  const nested = one(await report(skipping("cache", [1, 2], blocks, block(1))), "cache");
  expect(nested.regions.map(({ reused }) => reused)).toEqual([[1, 2], []]); // the inner one is not arrived at
  expect(nested.compute!.skippedFlops).toBe(2 * flopsOf(nested));

  const both = await report(skipping("outer", [1], blocks), skipping("inner", [1, 2, 3], block(1), block(2)));
  const [outer, inner] = [one(both, "outer"), one(both, "inner")];
  expect(inner.regions.map(({ reused }) => reused)).toEqual([
    [2, 3],
    [2, 3],
  ]);
  expect(outer.compute!.skippedFlops).toBe(flopsOf(outer));
  // Of what there is to do beside the other plugin.
  const beside = inner.compute!.skippedFlops / inner.compute!.skippedShare;
  const ofModel = flopsOf(one(await report(skipping("all", [], whole)), "all"));
  const alone = nested.compute!.skippedFlops / nested.compute!.skippedShare;
  expect(promptFlops(ofModel, beside + outer.compute!.skippedFlops)).toBeCloseTo(promptFlops(ofModel, alone), 0);
  expect(inner.compute!.skippedFlops).toBe(2 * 2 * flopsOf(one(await report(skipping("one", [], block(1))), "one")));
});

it("tells what each plugin keeps, and not what the family keeps for itself", async () => {
  const of = ({ keptBytes, plugins }: Report): number[] => [keptBytes, ...plugins.map((plugin) => plugin.keptBytes)];
  expect(of(await report(pluginWith("watch", () => ({ beforeStep: () => undefined }))))).toEqual([0, 0]);
  const [, residual] = of(await report(skipping("a", [1, 2, 3], block(1))));
  expect(residual).toBeGreaterThan(0);
  expect(of(await report(skipping("a", [1, 2, 3], block(1)), skipping("b", [1, 2, 3], block(1), block(2))))).toEqual([
    3 * residual!,
    residual,
    2 * residual!,
  ]);
});

it("counts a tensor that two plugins keep for both, and once in all", async () => {
  const keeping = (name: string): PluginClass =>
    pluginWith(name, () => ({
      blockForward: async (_call, inputs, next) => {
        inputs.hidden!.keep();
        return next(inputs);
      },
    }));
  const { keptBytes, plugins } = await report(keeping("a"), keeping("b"));
  expect(keptBytes).toBeGreaterThan(0);
  expect(plugins.map((plugin) => plugin.keptBytes)).toEqual([keptBytes, keptBytes]);
});
