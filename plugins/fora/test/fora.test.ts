import { join } from "node:path";
import { describePlugin } from "@skipstep/contract";
import { createPipeline, inspectConfig, validateConfig } from "@skipstep/core";
import { describe, expect, it } from "vitest";
import { engineCache as cacheDir } from "../../../test/run-folder";
import { Fora } from "../src/index";

describePlugin(Fora, {
  exact: { interval: 1 }, // changes nothing: the result is equal bit by bit
  active: { interval: 3 }, // saves work
  tolerance: 0.1, // largest absolute difference of the latents from those without the plugin
});

const golden = join(import.meta.dirname, "../../../test/golden/pipelines");

describe("fora", () => {
  it.each(["pixart", "sd3", "flux", "z-image", "sana"])("reuses every branch of %s", async (name) => {
    const generate = { prompt: "a cat", num_inference_steps: 5, height: 64, width: 64, seed: 1 };
    const model = join(golden, name);
    const pipeline = await createPipeline({ model, generate, plugins: [{ use: Fora }], strict: true }, { cacheDir });
    try {
      const { report } = await pipeline.generate();
      const { regions } = report.plugins[0]!;
      expect(regions.length).toBeGreaterThan(1);
      for (const { name: branch, computed, reused } of regions)
        expect([branch, computed, reused]).toEqual([branch, [0, 1, 4], [2, 3]]);
    } finally {
      await pipeline.close();
    }
  });

  it("needs a denoiser whose branches are known", async () => {
    const config = { model: join(golden, "sd15"), plugins: [{ use: Fora }] };
    await expect(validateConfig(config)).rejects.toThrow(
      'Plugin "fora" needs a model with: block-branches. UNet2DConditionModel has: unet, picture-tokens.',
    );
  });

  it("skips the normalization before a branch with the branch", async () => {
    const config = { model: join(golden, "dit"), plugins: [{ use: Fora }] };
    const { components } = inspectConfig(await validateConfig(config));
    const { segments } = components.find(({ name }) => name === "transformer")!;
    // Between attention and feed forward of the first block: the gate and the sum.
    expect(segments[3]).toMatchObject({ nodes: 2, weightBytes: 0, to: "transformer_blocks.0" });
    expect(segments[4]).toMatchObject({ from: "transformer_blocks.0", to: "transformer_blocks.0.ff" });
  });

  it("takes no interval of 0", async () => {
    const config = { model: join(golden, "dit"), plugins: [{ use: Fora, options: { interval: 0 } }] };
    await expect(validateConfig(config)).rejects.toThrow(/interval.*1/);
  });
});
