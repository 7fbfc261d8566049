import { join } from "node:path";
import { createPipeline, validateConfig } from "@skipstep/core";
import { describe, expect, it } from "vitest";
import { engineCache as cacheDir } from "../../../test/run-folder";
import { TeaCache } from "../src/index";

const golden = join(import.meta.dirname, "../../../test/golden/pipelines");

describe("teacache", () => {
  it.each(["dit", "pixart", "sd3", "flux", "z-image"])("skips all blocks of %s but what is before", async (name) => {
    const subject = name === "dit" ? { class_labels: [1] } : { prompt: "a cat" };
    const generate = { ...subject, num_inference_steps: 4, height: 64, width: 64, seed: 1 };
    const use = { use: TeaCache, options: { coefficients: [1, 0], rel_l1_thresh: 100 } };
    const pipeline = await createPipeline(
      { model: join(golden, name), generate, plugins: [use], strict: true },
      { cacheDir },
    );
    try {
      const { report } = await pipeline.generate();
      const [input, blocks] = report.plugins[0]!.regions;
      expect(input!.until).toBe(blocks!.from);
      expect([input!.computed, input!.reused]).toEqual([[0, 1, 2, 3], []]);
      expect([blocks!.computed, blocks!.reused]).toEqual([
        [0, 3],
        [1, 2],
      ]);
      const { input_diff, accumulated } = input!.numbers;
      expect(Object.keys(input_diff!)).toEqual(["1", "2"]);
      expect(accumulated!["2"]).toBeCloseTo(input_diff!["1"]! + input_diff!["2"]!, 12);
    } finally {
      await pipeline.close();
    }
  });

  it("asks for coefficients where its authors have none, and names the command that finds them", async () => {
    const config = (name: string, options = {}) => ({
      model: join(golden, name),
      generate: { prompt: "a cat", height: 64, width: 64 },
      plugins: [{ use: TeaCache, options }],
    });
    await expect(validateConfig(config("z-image"))).rejects.toMatchObject({
      code: "SKIPSTEP_PLUGIN_OPTION",
      message: expect.stringMatching(
        /coefficients of plugin "teacache" must be given for ZImageTransformer2DModel.*skipstep calibrate <config> --plugin teacache --prompts <file>/,
      ),
    });
    await validateConfig(config("flux"));
    await validateConfig(config("z-image", { coefficients: [1, 0] }));
    await expect(validateConfig(config("sd15", { coefficients: [1, 0] }))).rejects.toThrow(
      /needs a model with: block-list/,
    );
  });

  it.each([
    ["rel_l1_thresh", { rel_l1_thresh: -0.1 }],
    ["coefficients", { coefficients: [] }],
    ["coefficients", { coefficients: ["1"] }],
    ["calibrate", { calibrate: "yes" }],
    ["rel_l1_tresh", { rel_l1_tresh: 0.2 }],
  ])("refuses a wrong %s", async (name, options) => {
    const config = { model: join(golden, "flux"), plugins: [{ use: TeaCache, options }] };
    await expect(validateConfig(config)).rejects.toThrow(name);
  });
});
