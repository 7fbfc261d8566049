import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { readSafetensors, safetensors } from "@skipstep/contract/graph";
import { type ConfigInput, createPipeline, inspectConfig, validateConfig } from "@skipstep/core";
import { describe, expect, it } from "vitest";
import { temporaryFolder } from "./emoji";

const root = temporaryFolder();
const cacheDir = join(root, "engines");
const golden = join(import.meta.dirname, "golden");
const model = join(golden, "pipelines/sd15");
const cat = join(golden, "extras/lora-kohya-sd15/lora.safetensors");
const generate = { num_inference_steps: 2, height: 64, width: 64, seed: 1, prompt: "red heart" };

async function drawn(lora: ConfigInput["lora"]): Promise<{ image: Float32Array; warnings: readonly string[] }> {
  const pipeline = await createPipeline({ model, generate, ...(lora ? { lora } : {}) }, { cacheDir });
  try {
    const { images, report } = await pipeline.generate();
    return { image: images[0]!.values, warnings: report.warnings };
  } finally {
    await pipeline.close();
  }
}

function difference(a: Float32Array, b: Float32Array): number {
  return a.reduce((most, value, i) => Math.max(most, Math.abs(value - b[i]!)), 0);
}

describe("a pipeline with a LoRA", () => {
  it("draws by its scale, also where engines of other scales are in the cache", async () => {
    const plain = await drawn(undefined);
    const whole = await drawn([cat]);
    const half = await drawn([{ path: cat, scale: 0.5 }]);
    const none = await drawn([{ path: cat, scale: 0 }]);
    const halves = await drawn([
      { path: cat, scale: 0.25 },
      { path: cat, scale: 0.25 },
    ]);
    expect(difference(plain.image, whole.image)).toBeGreaterThan(0.01);
    expect(difference(half.image, whole.image)).toBeGreaterThan(0.005);
    expect(difference(plain.image, none.image)).toBeLessThan(1e-5);
    expect(difference(half.image, halves.image)).toBeLessThan(1e-3);
    expect(difference((await drawn([cat])).image, whole.image)).toBe(0);
    expect(whole.warnings).toEqual([]);
  });

  it("tells of what it has for another model, in the report and when it is inspected", async () => {
    const tensors = [...readSafetensors(cat)].map(([name, { dtype, shape, data }]) => {
      return [name.replace("mid_block", "no_block"), { dtype, shape, bytes: data }];
    });
    const path = join(root, "half.safetensors");
    writeFileSync(path, safetensors(Object.fromEntries(tensors)));
    const [warning] = (await drawn([path])).warnings;
    expect(warning).toMatch(/half.safetensors: \d+ of its 112 modules .* lora_unet_no_block_attentions_0_/);
    const { loras } = inspectConfig(await validateConfig({ model, generate, lora: [path] }));
    const [{ matched, unmatched, modules }] = loras as [(typeof loras)[number]];
    expect(matched.unet! + unmatched.length).toBe(modules);
    expect(unmatched.every((name) => name.startsWith("lora_unet_no_block_"))).toBe(true);
  });

  it("is refused when it was made for another family", async () => {
    const lora = [join(golden, "extras/lora-peft-flux/lora.safetensors")];
    await expect(drawn(lora)).rejects.toMatchObject({ code: "SKIPSTEP_LORA_UNFIT" });
  });
});
