/** Draws in a process of its own. Argument: what to measure, as JSON. Answers one line of JSON. */
import { readFileSync } from "node:fs";
import { type ConfigInput, createPipeline } from "@skipstep/core";
import { Bnb } from "../plugins/bnb/src/index";
import { ToldTimesteps, toldScheduler } from "./told-timesteps";

export interface TimeAheadRequest {
  readonly model: string;
  readonly cacheDir: string;
  readonly isInt8: boolean;
  /** Whether timesteps are known before the first step. */
  readonly isTold: boolean;
  readonly generate: ConfigInput["generate"];
}

export interface TimeAheadMeasured {
  /** Resident memory while it denoises, from the first step's end to the last's, the most: all of it, and without pages of mapped files. */
  readonly residentBytes: number;
  readonly anonymousBytes: number;
  /** Processor time of a whole second generation, and the least of its steps but the first. */
  readonly generationSeconds: number;
  readonly stepSeconds: number;
  readonly latents: readonly number[];
  readonly notes: readonly string[];
}

const { model, cacheDir, isInt8, isTold, generate }: TimeAheadRequest = JSON.parse(process.argv[2]!);
const int8 = { use: Bnb, options: { load_in_8bit: true, llm_int8_threshold: 0 } };
const pipeline = await createPipeline(
  {
    model,
    scheduler: toldScheduler(isTold),
    plugins: [{ use: ToldTimesteps }, ...(isInt8 ? [int8] : [])],
    ...(generate ? { generate } : {}),
  },
  { cacheDir },
);
await pipeline.generate({ num_inference_steps: 1 }); // memory grows once
let [residentBytes, anonymousBytes] = [0, 0];
const look = (): void => {
  const status = readFileSync("/proc/self/status", "utf8");
  const bytes = (name: string): number => 1024 * Number(new RegExp(`^${name}:\\s+(\\d+) kB$`, "m").exec(status)![1]);
  residentBytes = Math.max(residentBytes, bytes("VmRSS"));
  anonymousBytes = Math.max(anonymousBytes, bytes("RssAnon"));
};
const processor = (): number => {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1e6;
};
const ends: number[] = [];
let looking: NodeJS.Timeout | undefined;
const start = processor();
const { latents, report } = await pipeline.generate({
  onProgress: ({ kind }) => {
    if (kind === "decode") clearInterval(looking);
    if (kind !== "step") return;
    ends.push(processor());
    looking ??= setInterval(look, 10);
  },
});
const generationSeconds = processor() - start;
await pipeline.close();
const steps = ends.slice(1).map((end, i) => end - ends[i]!);
process.stdout.write(
  JSON.stringify({
    residentBytes,
    anonymousBytes,
    generationSeconds,
    stepSeconds: Math.min(...steps),
    latents: [...latents.data],
    notes: report.notes,
  } satisfies TimeAheadMeasured),
);
