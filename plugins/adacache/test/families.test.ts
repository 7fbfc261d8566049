import { join } from "node:path";
import { createPipeline, validateConfig } from "@skipstep/core";
import { describe, expect, it } from "vitest";
import { engineCache as cacheDir } from "../../../test/run-folder";
import { AdaCache } from "../src/index";

const golden = join(import.meta.dirname, "../../../test/golden/pipelines");

const config = (options: object, model = "z-image") => ({
  model: join(golden, model),
  generate: { prompt: "a cat", num_inference_steps: 6, height: 64, width: 64, seed: 1 },
  plugins: [{ use: AdaCache, options }],
});

describe("adacache", () => {
  it.each(["pixart", "flux"])("measures blocks of %s and skips all", async (name) => {
    const pipeline = await createPipeline(
      { ...config({ codebook: [[1e9, 3]], cache_loc: [1, 0] }, name), strict: true },
      { cacheDir },
    );
    try {
      const [blocks, first, second] = (await pipeline.generate()).report.plugins[0]!.regions;
      expect([blocks!.computed, blocks!.reused]).toEqual([
        [0, 1, 4, 5],
        [2, 3],
      ]);
      expect([first!.name, second!.name]).toEqual(["transformer_blocks.0", "transformer_blocks.1"]);
      expect([first!.computed, second!.computed]).toEqual([blocks!.computed, blocks!.computed]);
      expect(Object.keys(blocks!.numbers.residual_diff!)).toEqual(["1", "4", "5"]);
    } finally {
      await pipeline.close();
    }
  });

  it.each([
    [
      "cache_loc",
      { cache_loc: [7] },
      /cache_loc of plugin "adacache" must be from 0 to \d, the blocks of ZImage.*found 7/,
    ],
    [
      "codebook",
      {
        codebook: [
          [0.3, 4],
          [0.2, 2],
        ],
      },
      /codebook of plugin "adacache" must have its changes in ascending/,
    ],
  ])("refuses a %s that does not fit, before anything is loaded", async (_, options, message) => {
    await expect(validateConfig(config(options))).rejects.toMatchObject({
      code: "SKIPSTEP_PLUGIN_OPTION",
      message: expect.stringMatching(message),
    });
  });

  it.each([
    ["codebook", { codebook: "quick" }],
    ["codebook", { codebook: [] }],
    ["codebook", { codebook: [[0.1, 0]] }],
    ["codebook", { codebook: [[0.1]] }],
    ["cache_loc", { cache_loc: [-1] }],
    ["cache_res", { cache_res: "t-attn" }],
  ])("refuses a wrong %s", async (name, options) => {
    await expect(validateConfig(config(options))).rejects.toThrow(name);
  });
});
