import { join } from "node:path";
import { createPipeline, type GenerateResult, type PluginUse } from "@skipstep/core";
import { expect, it } from "vitest";
import { engineCache as cacheDir } from "../../../test/run-folder";
import { Xformers } from "../src/index";

const golden = join(import.meta.dirname, "../../../test/golden/pipelines");

async function images(name: string, plugins: readonly PluginUse[]): Promise<GenerateResult> {
  const generate = { prompt: "a cat", num_inference_steps: 1, height: 64, width: 64, seed: 1 };
  const pipeline = await createPipeline({ model: join(golden, name), generate, plugins, strict: true }, { cacheDir });
  try {
    return await pipeline.generate();
  } finally {
    await pipeline.close();
  }
}

/** Self, cross and joint attention, masks of padding, causal text encoders, biases of relative positions, and a VAE's. */
it.each([
  ["sd15", ["text_encoder", "unet", "vae"], ["cutlass", "flash"]],
  ["pixart", ["text_encoder", "transformer", "vae"], ["cutlass"]],
  ["sd3", ["text_encoder", "text_encoder_2", "text_encoder_3", "transformer", "vae"], ["cutlass"]],
])("draws what core's own attention draws in every component of %s", async (name, components, ops) => {
  const plain = await images(name, []);
  for (const op of ops) {
    const options = { op, block_size: 5 };
    const { report, images: drawn } = await images(name, [{ use: Xformers, options, components }]);
    const { build } = report.plugins[0]!;
    expect(Object.keys(build.components)).toEqual(components);
    const [x, y] = [drawn[0]!.values, plain.images[0]!.values];
    const most = x.reduce((largest, value, i) => Math.max(largest, Math.abs(value - y[i]!)), 0);
    expect(most, op).toBeLessThan(1e-4);
  }
});
