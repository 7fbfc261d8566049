import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { readSafetensors, safetensors } from "@skipstep/contract/graph";
import { type ConfigInput, createPipeline, type GenerateResult } from "@skipstep/core";
import { describe, expect, it } from "vitest";
import { temporaryFolder } from "./emoji";
import { engineCache as cacheDir } from "./run-folder";

const files = temporaryFolder();
const golden = join(import.meta.dirname, "golden");
const lora = (name: string): string => join(golden, "extras", `lora-${name}`, "lora.safetensors");
const picture = join(golden, "extras/inpaint-sd15-crop/image.png");

/** kohya's LoRA of Z-Image, of which what changed layer 0 changes a refiner, which the ControlNet runs as well. */
function refinerLora(): string {
  const file = join(files, "refiner.safetensors");
  const tensors = [...readSafetensors(lora("kohya-z-image"))].map(([name, tensor]) => [
    name.replace("_layers_0_", "_noise_refiner_0_"),
    tensor,
  ]);
  writeFileSync(file, safetensors(Object.fromEntries(tensors)));
  return file;
}

/** Largest difference of the finished latents, of their largest value. */
function apart(a: GenerateResult, b: GenerateResult): number {
  const most = a.latents.data.reduce((max, value) => Math.max(max, Math.abs(value)), 0);
  return a.latents.data.reduce((max, value, i) => Math.max(max, Math.abs(value - b.latents.data[i]!)), 0) / most;
}

async function generated(config: ConfigInput): Promise<GenerateResult> {
  const pipeline = await createPipeline(config, { cacheDir });
  try {
    return await pipeline.generate();
  } finally {
    await pipeline.close();
  }
}

describe("a LoRA at a request beside a ControlNet draws as one that is merged", () => {
  it.each([
    ["sd15", () => lora("kohya-sd15")],
    ["flux", () => lora("peft-flux")],
    ["z-image", refinerLora],
  ])("of %s", async (name, file) => {
    const loras = [{ path: file(), scale: 0.8 }];
    const generate = {
      ...{ prompt: "cat", height: 32, width: 32, num_inference_steps: 2, seed: 1, control_image: picture },
      ...(name === "flux" ? { max_sequence_length: 16 } : {}),
    };
    const controlnet = join(golden, "extras", `controlnet-${name}`, "controlnet");
    const config = { model: join(golden, "pipelines", name), components: { controlnet }, generate };
    const merged = await generated({ ...config, lora: loras });
    const pipeline = await createPipeline(config, { cacheDir });
    const beside = await pipeline.generate({ loras });
    expect(apart(beside, merged)).toBeLessThan(1e-4);
    expect(apart(beside, await pipeline.generate())).toBeGreaterThan(1e-3);
    expect(beside.report.controlnets![0]!.summary).toMatch(/ran at (\d) of \1 steps/);
    await pipeline.close();
  });
});
