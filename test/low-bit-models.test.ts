/** Models with weights of few bits on the device of `pnpm test:webgpu`, with LoRAs at requests beside them. */
import { join } from "node:path";
import { type ConfigInput, createPipeline, type GenerateResult } from "@skipstep/core";
import { Bnb } from "@skipstep/plugin-bnb";
import { Gguf } from "@skipstep/plugin-gguf";
import { SvdQuant } from "@skipstep/plugin-svdquant";
import { describe, expect, it } from "vitest";
import { device, findDriver, timeout } from "./device";
import { temporaryFolder } from "./emoji";
import { writeGguf } from "./write-gguf";

const driver = device === "cpu" ? undefined : await findDriver();
const root = temporaryFolder();
const golden = join(import.meta.dirname, "golden");
const model = join(golden, "pipelines/z-image");
const loras = [{ path: join(golden, "extras/lora-kohya-z-image/lora.safetensors"), scale: 1 }];
const generate = { height: 64, width: 64, num_inference_steps: 1, seed: 1, prompt: "red heart" };

/** Without and with a LoRA; an error where nodes fall to the CPU. @param denoiser where it runs, the rest is the CPU's */
async function drawn(config: Partial<ConfigInput>, denoiser: string): Promise<[GenerateResult, GenerateResult]> {
  const device_map = { transformer: denoiser };
  const pipeline = await createPipeline(
    { model, generate, device_map, ...config },
    { cacheDir: join(root, "engines") },
  );
  try {
    return [await pipeline.generate(), await pipeline.generate({ loras })];
  } finally {
    await pipeline.close();
  }
}

/** Largest difference of the finished latents, of their largest value. */
function apart(a: GenerateResult, b: GenerateResult): number {
  const most = a.latents.data.reduce((max, value) => Math.max(max, Math.abs(value)), 0);
  return a.latents.data.reduce((max, value, i) => Math.max(max, Math.abs(value - b.latents.data[i]!)), 0) / most;
}

async function ggufFile(): Promise<Partial<ConfigInput>> {
  const file = join(root, "transformer.gguf");
  await writeGguf(model, file);
  return { plugins: [{ use: Gguf }], components: { transformer: file } };
}

const nf4 = { use: Bnb, options: { load_in_4bit: true, bnb_4bit_quant_type: "nf4" } };
const svdquant = { use: SvdQuant, options: { rank: 4 } };

describe.skipIf(!driver?.works)(`on ${driver?.name}`, () => {
  it.each<[string, () => Partial<ConfigInput> | Promise<Partial<ConfigInput>>, tolerance: number]>([
    ["bnb in NF4", () => ({ plugins: [nf4] }), 1e-5],
    ["gguf", ggufFile, 1e-5],
    // The CPU rounds what it multiplies: a model of random weights, whose own differences of 1e-7 lead to 1e-2.
    ["svdquant", () => ({ plugins: [svdquant] }), 5e-2],
  ])(
    "%s draws as on the CPU, with a LoRA at a request as well",
    async (_, config, tolerance) => {
      const given = await config();
      const [expected, found] = [await drawn(given, "cpu"), await drawn(given, device)];
      for (const [i, result] of found.entries()) expect(apart(expected[i]!, result)).toBeLessThan(tolerance);
      expect(apart(found[0], found[1])).toBeGreaterThan(0.05);
      const [{ report }] = found;
      expect(report.warnings).toEqual([]);
      const { noise, ...build } = expected[0].report.plugins[0]!.build;
      expect(report.plugins[0]!.build.weights).toBe(build.weights);
      expect(report.plugins[0]!.build.noise).toBeUndefined();
      expect(report.notes.filter((note) => note.includes("rounds"))).toHaveLength(noise === undefined ? 0 : 1);
    },
    timeout,
  );
});
