import { join } from "node:path";
import { createPipeline, validateConfig } from "@skipstep/core";
import { expect, it } from "vitest";
import { SeaCache } from "../src/index";

const golden = join(import.meta.dirname, "../../../test/golden/pipelines");

it("refuses SANA-Sprint at the first step, which has SANA's denoiser and no flow", async () => {
  const generate = { prompt: "a cat", height: 64, width: 64 };
  const pipeline = await createPipeline({ model: join(golden, "sana-sprint"), generate, plugins: [SeaCache] });
  try {
    await expect(pipeline.generate()).rejects.toMatchObject({
      code: "SKIPSTEP_PLUGIN_REQUIRES",
      message: expect.stringMatching(
        /^Plugin "seacache" does not fit a model of SCMScheduler: its filter is for models of a flow/,
      ),
    });
  } finally {
    await pipeline.close();
  }
});

it.each([
  ["threshold", { threshold: -0.1 }],
  ["residual_order", { residual_order: 2 }],
  ["retention_steps", { retention_steps: 0.5 }],
  ["cache_end_steps", { cache_end_steps: -1 }],
  ["max_consecutive_cached", { max_consecutive_cached: true as never }],
  ["power_exp", { power_exp: 0 }],
])("refuses a wrong %s", async (name, options) => {
  const config = { model: join(golden, "flux"), plugins: [{ use: SeaCache, options }] };
  await expect(validateConfig(config)).rejects.toThrow(name);
});
