import { mkdtempSync, rmSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createPipeline, type GenerateConfig, type GenerateResult, type PluginUse } from "@skipstep/core";
import {
  type Floats,
  floats,
  type GuidanceCall,
  type Guided,
  type NextGuidance,
  type Plugin,
  plugin,
} from "@skipstep/core/plugin";
import { afterAll, expect, it } from "vitest";
import { Guidance } from "../src/index";

const folder = mkdtempSync(join(tmpdir(), "skipstep-guidance-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const golden = join(import.meta.dirname, "../../../test/golden/pipelines");
const contractModel = join(import.meta.dirname, "../../../packages/contract/models/z-image");

const gate = 2;
const size = { height: 64, width: 64, num_inference_steps: 4, seed: 5 };
const prompts = { prompt: "red heart", negative_prompt: "blurry" };

/** Runs both branches at all steps, and guides from the gate on by what the last step before it came to. */
@plugin<Record<string, never>>({
  name: "slow-gate",
  description: "What the gate is to come to.",
  options: { type: "object", additionalProperties: false, required: [], properties: {} },
})
class SlowGate implements Plugin {
  private last: Guided | undefined;

  async guidance({ step, combine }: GuidanceCall, _: readonly string[], next: NextGuidance): Promise<Guided> {
    const both = await next(["cond", "uncond"]);
    if (step.index < gate) this.last = both;
    if (step.index < gate) return both;
    const cond = both.cond!;
    const uncond = cond.data.map((x, i) => x - (this.last!.cond!.data[i]! - this.last!.uncond!.data[i]!));
    return combine(cond, floats(cond.shape, uncond));
  }
}

async function generated(model: string, generate: GenerateConfig, use: PluginUse): Promise<GenerateResult> {
  const pipeline = await createPipeline({ model, generate, plugins: [use] }, { cacheDir: folder, threads: 1 });
  try {
    return await pipeline.generate();
  } finally {
    await pipeline.close();
  }
}

function largestDifference(a: Floats, b: Floats): number {
  return a.data.reduce((most, x, i) => Math.max(most, Math.abs(x - b.data[i]!)), 0);
}

const picture = async (name: string, seed: number): Promise<string> => {
  const path = join(folder, `${name}.png`);
  const { images } = await generated(contractModel, { ...size, ...prompts, seed }, { use: SlowGate });
  await writeFile(path, await images[0]!.toPng());
  return path;
};

it.each<[string, string, () => Promise<GenerateConfig>]>([
  ["tokens brought back to their lengths", join(golden, "qwen-image"), async () => ({ true_cfg_scale: 4 })],
  ["guidance_rescale", join(golden, "sd15"), async () => ({ guidance_scale: 7, guidance_rescale: 0.7 })],
  [
    "an image to begin with, and cfg_normalization",
    contractModel,
    async () => ({ guidance_scale: 3, cfg_normalization: 0.9, image: await picture("image", 1), strength: 1 }),
  ],
  [
    "inpainting",
    contractModel,
    async () => ({ guidance_scale: 3, image: await picture("image", 1), mask: await picture("mask", 2), strength: 1 }),
  ],
])("the gate comes before %s", async (_, model, settings) => {
  const generate = { ...size, ...prompts, ...(await settings()) };
  const slow = await generated(model, generate, { use: SlowGate });
  const fast = await generated(model, generate, { use: Guidance, options: { cfg_gate_step: 0.5 } });
  const { passes, savedPasses } = fast.report.plugins[0]!.guidance!;
  expect(savedPasses).toBe(passes / 2 - gate);
  const largest = slow.latents.data.reduce((most, x) => Math.max(most, Math.abs(x)), 0);
  expect(largestDifference(fast.latents, slow.latents) / largest).toBeLessThan(1e-4);
});
