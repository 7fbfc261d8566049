import { fileURLToPath } from "node:url";
import { type ConfigInput, createPipeline, type GenerateResult, type Pipeline } from "@skipstep/core";
import { psnr } from "../packages/cli/src/quality/psnr";
import { Guidance, type GuidanceOptions } from "../plugins/guidance/src/index";
import type { Benchmark, Figure } from "./benchmark";
import { emojiPrompts } from "./emoji-prompts";
import { least } from "./measure";

const model = fileURLToPath(new URL("../models/emoji", import.meta.url));
const steps = 20;
const rounds = 8;

interface Way {
  readonly title: string;
  readonly options: Partial<GuidanceOptions>;
  readonly targets?: { readonly faster: number; readonly decibels: number };
}

/** With targets: 14 of the 20 second passes are left out. */
const ways: readonly Way[] = [
  {
    title: "gate open at steps 0, 2, 5, 8, 12, 16, in a line between",
    options: { cfg_gate_mask: maskOf(0, 2, 5, 8, 12, 16), cfg_gate_order: 1 },
    targets: { faster: 1.3, decibels: 36 },
  },
  {
    title: "gate open at steps 0, 2, 5, 8, 11, 14, 17, in a line between",
    options: { cfg_gate_mask: maskOf(0, 2, 5, 8, 11, 14, 17), cfg_gate_order: 1 },
  },
  { title: "gate at 0.1, made anew at every third step", options: { cfg_gate_step: 0.1, cfg_gate_refresh: 3 } },
  { title: "gate at 0.3, made anew at every third step", options: { cfg_gate_step: 0.3, cfg_gate_refresh: 3 } },
  { title: "gate at half", options: { cfg_gate_step: 0.5 } },
  { title: "off after half", options: { stop: 0.5 } },
  { title: "adaptive, 0.995", options: { adaptive_threshold: 0.995 } },
];

export const guidanceBenchmark: Benchmark = {
  name: "guidance",
  about: `Ways of guidance on the shipped model, ${steps} steps of guidance 2 at 128 x 128, ${emojiPrompts.length} prompts. Time in the denoising loop against no plugin, in turns, of each prompt the least of ${rounds}; PSNR against the image without the plugin.`,
  run: async (say) => {
    const config = { model, generate: { num_inference_steps: steps, guidance_scale: 2, height: 128, width: 128 } };
    const pipelines = await Promise.all([
      createPipeline(config),
      ...ways.map(({ options }) => createPipeline(withGuidance(config, options))),
    ]);
    const seconds = pipelines.map(() => 0);
    const decibels: number[][] = ways.map(() => []);
    const passes = ways.map(() => 0);
    for (const prompt of emojiPrompts) {
      const timed = await inTurns(pipelines, prompt);
      for (const [i, each] of timed.entries()) seconds[i]! += each.seconds;
      for (const i of ways.keys()) {
        const { result } = timed[i + 1]!;
        decibels[i]!.push(psnr(timed[0]!.result.images[0]!, result.images[0]!));
        const { passes: offered, savedPasses } = result.report.plugins[0]!.guidance!;
        passes[i]! += savedPasses / offered / emojiPrompts.length;
      }
      say(
        `${prompt}: ${ways.map((_, i) => `${(timed[0]!.seconds / timed[i + 1]!.seconds).toFixed(2)} times, ${decibels[i]!.at(-1)!.toFixed(1)} dB`).join("; ")}`,
      );
    }
    await Promise.all(pipelines.map((pipeline) => pipeline.close()));
    return ways.flatMap(({ title, targets }, i): Figure[] => [
      {
        what: `${title}: denoiser, speed-up`,
        value: seconds[0]! / seconds[i + 1]!,
        unit: "times",
        ...(targets ? { target: { least: targets.faster } } : {}),
      },
      {
        what: `${title}: PSNR, mean`,
        value: decibels[i]!.reduce((a, b) => a + b) / decibels[i]!.length,
        unit: "dB",
        ...(targets ? { target: { least: targets.decibels } } : {}),
      },
      { what: `${title}: PSNR, least`, value: least(decibels[i]!), unit: "dB" },
      { what: `${title}: passes left out`, value: 100 * passes[i]!, unit: "%" },
    ]);
  },
};

function maskOf(...open: readonly number[]): number[] {
  return Array.from({ length: steps }, (_, step) => (open.includes(step) ? 1 : 0));
}

function withGuidance(config: ConfigInput, options: Partial<GuidanceOptions>): ConfigInput {
  return { ...config, plugins: [{ use: Guidance, options }] };
}

interface Timed {
  /** Least of all rounds. */
  readonly seconds: number;
  readonly result: GenerateResult;
}

/** Each round begins with another one: what the process does at every n-th generation hits the same one otherwise. */
async function inTurns(pipelines: readonly Pipeline[], prompt: string): Promise<Timed[]> {
  const results: GenerateResult[][] = pipelines.map(() => []);
  for (let round = 0; round < rounds; round++)
    for (let turn = 0; turn < pipelines.length; turn++) {
      const i = (turn + round) % pipelines.length;
      results[i]!.push(await pipelines[i]!.generate({ prompt, seed: 42 }));
    }
  return results.map((all) => ({
    seconds: least(all.map(({ report }) => report.seconds.phases.denoise!)),
    result: all.at(-1)!,
  }));
}
