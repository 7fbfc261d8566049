import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { type ConfigInput, createPipeline, findQuantizer, openComponentWeights } from "@skipstep/core";
import { SvdQuant } from "@skipstep/plugin-svdquant";
import type { Benchmark } from "./benchmark";
import { inTemporaryFolder } from "./temporary-folder";

const emoji = fileURLToPath(new URL("../models/emoji", import.meta.url));
const root = fileURLToPath(new URL("../plugins/svdquant", import.meta.url));
const generate = { num_inference_steps: 20, guidance_scale: 2, height: 128, width: 128 };
const calibrationPrompts = ["red apple", "smiling face", "house with garden", "blue car", "cat face", "green tree"];
const prompts = ["red heart", "sun", "fish", "hot beverage", "airplane", "key", "dog face", "umbrella"];

/** Written by the same quantizer; the first is plain 4 bits in groups of 64. */
const variants = {
  plain: { rank: 0, grid: 1, iterations: 1 },
  svdquant: { rank: 32 },
  gptq: { rank: 32, gptq: true, tokens: 4096 },
} as const;

export const svdquantBenchmark: Benchmark = {
  name: "svdquant",
  about: `The emoji model's transformer written by \`skipstep quantize --to svdquant\`, calibrated on ${calibrationPrompts.length} prompts, and its images against those of float32: PSNR, mean over ${prompts.length} other prompts, ${generate.num_inference_steps} guided steps. Plain is the same quantizer without smoothing and branch: 4 bits in groups of 64.`,
  run: (say) =>
    inTemporaryFolder(async (folder) => {
      const exact = await imagesOf({ model: emoji, generate }, folder);
      const psnr: Record<string, number> = {};
      for (const [name, options] of Object.entries(variants)) {
        const file = join(folder, `${name}.safetensors`);
        const seconds = await write(file, options);
        const config = { model: emoji, components: { transformer: file }, generate, plugins: [{ use: SvdQuant }] };
        const images = await imagesOf(config, folder);
        psnr[name] = images.reduce((sum, image, i) => sum + psnrOf(image, exact[i]!), 0) / images.length;
        say(`${name}: ${psnr[name].toFixed(2)} dB, written in ${seconds.toFixed(1)} s`);
      }
      return [
        { what: "plain 4 bits in groups of 64", value: psnr.plain!, unit: "dB" },
        { what: "rank 32", value: psnr.svdquant!, unit: "dB" },
        { what: "rank 32 over plain 4 bits", value: psnr.svdquant! - psnr.plain!, unit: "dB", target: { least: 3 } },
        { what: "rank 32 with GPTQ", value: psnr.gptq!, unit: "dB" },
      ];
    }),
};

async function write(file: string, given: object): Promise<number> {
  const start = performance.now();
  const { quantizer, options } = await findQuantizer(root, { ...given }, ".");
  const { weights, component, pipeline } = await openComponentWeights({ model: emoji, generate });
  try {
    await quantizer.quantize({
      component,
      weights,
      options,
      file,
      ...(pipeline ? { config: pipeline.config } : {}),
      images: () => calibrationPrompts.map((prompt) => ({ prompt, seed: 1 })),
      signal: new AbortController().signal,
      onProgress: () => undefined,
    });
  } finally {
    weights.close();
  }
  return (performance.now() - start) / 1000;
}

/** RGB of each prompt's image. */
async function imagesOf(config: ConfigInput, folder: string): Promise<Uint8Array[]> {
  const pipeline = await createPipeline(config, { cacheDir: join(folder, "cache") });
  try {
    const images: Uint8Array[] = [];
    for (const [i, prompt] of prompts.entries()) {
      const result = await pipeline.generate({ prompt, seed: i });
      images.push(Uint8Array.from(result.images[0]!.data));
    }
    return images;
  } finally {
    await pipeline.close();
  }
}

function psnrOf(a: Uint8Array, b: Uint8Array): number {
  const squares = a.reduce((sum, value, i) => sum + (value - b[i]!) ** 2, 0);
  return 10 * Math.log10(255 ** 2 / (squares / a.length));
}
