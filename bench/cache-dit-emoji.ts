import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { type ConfigInput, createPipeline, type GenerateResult, type Image, type Pipeline } from "@skipstep/core";
import { psnr } from "../packages/cli/src/quality/psnr";
import { CacheDit, type CacheDitOptions } from "../plugins/cache-dit/src/index";
import type { Benchmark } from "./benchmark";
import { emojiPrompts as prompts } from "./emoji-prompts";
import { least } from "./measure";

const model = fileURLToPath(new URL("../models/emoji", import.meta.url));
const configFile = fileURLToPath(new URL("../configs/emoji-cache-dit.json", import.meta.url));
const [{ options }] = JSON.parse(readFileSync(configFile, "utf8")).plugins as [{ options: Partial<CacheDitOptions> }];
const mask = options.steps_computation_mask as readonly number[];
const computed = mask.flatMap((entry, step) => (entry === 1 ? [step] : []));
const steps = mask.length;
const rounds = 8;

export const cacheDitEmojiBenchmark: Benchmark = {
  name: "cache-dit-emoji",
  about: `cache-dit on the shipped model with the options of configs/emoji-cache-dit.json, ${steps} guided steps at 128 x 128, ${prompts.length} prompts: one block in front, a static mask that computes steps ${computed.join(", ")}, TaylorSeer of order 2 on what leaves the blocks. Time in the denoising loop against no plugin, in turns, of each prompt the least of ${rounds}; PSNR against the image without the plugin.`,
  run: async (say) => {
    const config = { model, generate: { num_inference_steps: steps, guidance_scale: 2, height: 128, width: 128 } };
    const [plain, fast] = [await createPipeline(config), await createPipeline(withCache(config))];
    const seconds = { plain: 0, fast: 0 };
    const noise: number[] = [];
    let realised = 0;
    for (const prompt of prompts) {
      const [slow, quick] = await inTurns([plain, fast], prompt);
      seconds.plain += slow.seconds;
      seconds.fast += quick.seconds;
      noise.push(psnr(imageOf(slow), imageOf(quick)));
      realised += quick.result.report.plugins[0]!.compute!.realised / prompts.length;
      say(`${prompt}: ${(slow.seconds / quick.seconds).toFixed(2)} times, ${noise.at(-1)!.toFixed(1)} dB`);
    }
    await Promise.all([plain.close(), fast.close()]);
    return [
      { what: "no plugin, one step", value: (1000 * seconds.plain) / prompts.length / steps, unit: "ms" },
      { what: "denoiser, speed-up", value: seconds.plain / seconds.fast, unit: "times", target: { least: 1.8 } },
      { what: "PSNR, mean", value: noise.reduce((a, b) => a + b) / noise.length, unit: "dB", target: { least: 34 } },
      { what: "PSNR, least", value: least(noise), unit: "dB" },
      { what: "steps reused", value: (100 * (steps - computed.length)) / steps, unit: "%" },
      { what: "compute realised by the report, mean", value: 100 * realised, unit: "%" },
    ];
  },
};

function withCache(config: ConfigInput): ConfigInput {
  return { ...config, plugins: [{ use: CacheDit, options }] };
}

interface Timed {
  /** Least of all rounds. */
  readonly seconds: number;
  readonly result: GenerateResult;
}

async function inTurns(pipelines: readonly [Pipeline, Pipeline], prompt: string): Promise<[Timed, Timed]> {
  const results: [GenerateResult[], GenerateResult[]] = [[], []];
  for (let round = 0; round < rounds; round++)
    for (const [i, pipeline] of pipelines.entries())
      results[i as 0 | 1].push(await pipeline.generate({ prompt, seed: 42 }));
  return results.map((all) => ({
    seconds: least(all.map(({ report }) => report.seconds.phases.denoise!)),
    result: all.at(-1)!,
  })) as [Timed, Timed];
}

function imageOf({ result: { images } }: Timed): Image {
  return images[0]!;
}
