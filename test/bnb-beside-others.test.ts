import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  createPipeline,
  type GenerateResult,
  type Plugin,
  type PluginUse,
  plugin,
  sizeOf,
  type Weight,
  type WeightForm,
} from "@skipstep/core";
import { afterAll, expect, it } from "vitest";
import { Bnb } from "../plugins/bnb/src/index";
import { CacheDit } from "../plugins/cache-dit/src/index";
import { Xformers } from "../plugins/xformers/src/index";

const model = join(import.meta.dirname, "golden/pipelines/z-image");
const generate = { prompt: "a cat", num_inference_steps: 6, height: 64, width: 64, guidance_scale: 0, seed: 1 };
const cacheDir = mkdtempSync(join(tmpdir(), "skipstep-bnb-beside-"));
afterAll(() => rmSync(cacheDir, { recursive: true, force: true }));

async function run(...plugins: PluginUse[]): Promise<GenerateResult> {
  const pipeline = await createPipeline({ model, generate, plugins }, { cacheDir });
  try {
    return await pipeline.generate();
  } finally {
    await pipeline.close();
  }
}

/** Takes over every linear layer, and computes it as core does. */
@plugin<Record<string, never>>({
  name: "claimer",
  description: "Claims linear layers.",
  options: { type: "object", additionalProperties: false, required: [], properties: {} },
})
class Claimer implements Plugin {
  weightLoad(weight: Weight): WeightForm | undefined {
    if (weight.role !== "linear" || !weight.name.includes("feed_forward")) return undefined;
    const byteLength = 4 * sizeOf(weight.shape);
    const bytes = (): Uint8Array => new Uint8Array(weight.read().buffer);
    const stored = { key: `claimer:${weight.key}`, label: weight.name, byteLength, bytes };
    return {
      form: "claimed",
      byteLength,
      emit(g, input, bias) {
        const y = g.matmul(input, g.transpose(g.initializer(stored, weight.shape), [1, 0]));
        return bias ? g.add(y, bias) : y;
      },
    };
  }
}

it("bnb, cache-dit and xformers in one pipeline: each has its effect, and the image is near the plain one", async () => {
  const plain = await run();
  const { images, latents, report } = await run(
    { use: Bnb, options: { load_in_8bit: true } },
    { use: CacheDit, options: { Fn_compute_blocks: 1, residual_diff_threshold: 2, max_warmup_steps: 2 } },
    { use: Xformers, options: {} },
  );
  expect(images).toHaveLength(1);
  expect(report.plugins.map(({ name, effect }) => [name, effect])).toEqual([
    ["bnb", true],
    ["cache-dit", true],
    ["xformers", true],
  ]);
  const [bnb, , xformers] = report.plugins;
  expect(bnb!.build.noise).toBeGreaterThan(0);
  expect(xformers!.build.attentions).toBeGreaterThan(0);
  const error = latents.data.reduce((most, x, i) => Math.max(most, Math.abs(x - plain.latents.data[i]!)), 0);
  expect(error).toBeGreaterThan(0);
  expect(error).toBeLessThan(0.5);
});

it("a weight that two plugins claim goes to the first of the config, and the report says who has what", async () => {
  const bnb: PluginUse = { use: Bnb, options: { load_in_8bit: true } };
  const counts = async (...plugins: PluginUse[]): Promise<Record<string, number>> => {
    const { report } = await run(...plugins);
    return Object.fromEntries(report.plugins.map(({ name, build }) => [name, build.weights]));
  };
  const first = await counts(bnb, { use: Claimer });
  const last = await counts({ use: Claimer }, bnb);
  expect(first.claimer).toBe(0);
  expect(last.claimer).toBeGreaterThan(0);
  expect(last.bnb! + last.claimer!).toBe(first.bnb);
});
