import { readFileSync } from "node:fs";
import { join } from "node:path";
import { readSafetensors } from "@skipstep/contract/graph";
import { createPipeline, validateConfig } from "@skipstep/core";
import { describe, expect, it } from "vitest";
import { engineCache as cacheDir } from "../../../test/run-folder";
import { calibration } from "../src/calibration";
import { MagCache } from "../src/index";

const golden = join(import.meta.dirname, "../../../test/golden/pipelines");

describe("calibration", () => {
  it("finds the ratios that diffusers finds", async () => {
    const file = join(golden, "flux/golden/magcache");
    const { call, options } = JSON.parse(readFileSync(`${file}.json`, "utf8"));
    const use = { use: MagCache, options: calibration.options };
    const pipeline = await createPipeline(
      { model: join(golden, "flux"), generate: call, plugins: [use] },
      { cacheDir },
    );
    try {
      const latents = readSafetensors(`${file}.safetensors`).get("in.latents") as never;
      const { report } = await pipeline.generate({ latents });
      const { mag_ratios } = calibration.fit(report.plugins);
      expect(mag_ratios).toHaveLength(options.mag_ratios.length);
      for (const [i, expected] of options.mag_ratios.entries())
        expect(Math.abs(mag_ratios![i]! / expected - 1), `step ${i}`).toBeLessThan(1e-4);
      expect(report.plugins[0]!.regions[0]!.reused).toEqual([]);
    } finally {
      await pipeline.close();
    }
  });

  it("takes the mean over generations and guidance branches", () => {
    const region = (numbers: object): never => ({ regions: [{ name: "blocks", numbers }] }) as never;
    const reports = [
      region({ mag_ratio: { 1: 1.2, 2: 0.9 }, cfg_mag_ratio: { 1: 1, 2: Number.NaN } }),
      region({ mag_ratio: { 1: 1.1, 2: 1 } }),
    ];
    expect(calibration.fit(reports)).toEqual({ mag_ratios: [1, 1.1, 0.95] });
    expect(() => calibration.fit([region({})])).toThrow(/mag_ratios of plugin "magcache" cannot be found/);
  });
});

describe("magcache", () => {
  it.each(["dit", "sd3"])("skips all blocks of %s", async (name) => {
    const subject = name === "dit" ? { class_labels: [1] } : { prompt: "a cat" };
    const generate = { ...subject, num_inference_steps: 4, height: 64, width: 64, seed: 1 };
    const plugins = [{ use: MagCache, options: { mag_ratios: [1] } }];
    const pipeline = await createPipeline(
      { model: join(golden, name), generate, plugins, guidance: "separate", strict: true },
      { cacheDir },
    );
    try {
      const { regions } = (await pipeline.generate()).report.plugins[0]!;
      expect(regions.map(({ computed, reused }) => [computed, reused])).toEqual([
        [
          [0, 0],
          [1, 1, 2, 2, 3, 3],
        ],
      ]);
    } finally {
      await pipeline.close();
    }
  });

  const config = (options: object, model = "z-image") => ({
    model: join(golden, model),
    generate: { prompt: "a cat", height: 64, width: 64 },
    plugins: [{ use: MagCache, options }],
  });

  it("asks for ratios, and names the command that finds them", async () => {
    await expect(validateConfig(config({}))).rejects.toMatchObject({
      code: "SKIPSTEP_PLUGIN_OPTION",
      message: expect.stringMatching(
        /mag_ratios of plugin "magcache" must be given for ZImageTransformer2DModel.*skipstep calibrate <config> --plugin magcache --prompts <file>/,
      ),
    });
    await expect(validateConfig(config({ mag_ratios: [1] }, "sd15"))).rejects.toThrow(/needs a model with: block-list/);
  });

  it.each([
    ["threshold", { threshold: -1 }],
    ["max_skip_steps", { max_skip_steps: 1.5 }],
    ["retention_ratio", { retention_ratio: 1.2 }],
    ["mag_ratios", { mag_ratios: [] }],
    ["mag_ratios", { mag_ratios: [1, 0] }],
    ["num_inference_steps", { num_inference_steps: 28 }],
  ])("refuses a wrong %s", async (name, options) => {
    await expect(validateConfig(config(options))).rejects.toThrow(name);
  });
});
