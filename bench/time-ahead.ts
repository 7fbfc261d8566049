import { execFileSync } from "node:child_process";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { ConfigInput } from "@skipstep/core";
import type { Benchmark, Figure, Say } from "./benchmark";
import { least } from "./measure";
import { writeRandomDit } from "./random-dit";
import { writeRandomFlux } from "./random-flux";
import { inTemporaryFolder } from "./temporary-folder";
import type { TimeAheadMeasured, TimeAheadRequest } from "./time-ahead-child";

const child = fileURLToPath(new URL("./time-ahead-child.ts", import.meta.url));
const rounds = 2;
const size = { height: 256, width: 256, seed: 1 };

/** One model, both ways. */
interface Case {
  readonly title: string;
  readonly isInt8: boolean;
  readonly generate: NonNullable<ConfigInput["generate"]>;
  /** Of memory and of processor time, ahead over with each step. */
  readonly mostMemory?: number;
  readonly mostTime?: number;
  /** Of the finished latents. */
  readonly mostApart?: number;
}

const classes = { class_labels: [207], guidance_scale: 4, ...size };
const prompt = { prompt: "red heart", guidance_scale: 3.5, max_sequence_length: 16, ...size };
const ditCases: readonly Case[] = [
  { title: "DiT-XL/2, int8", isInt8: true, generate: { ...classes, num_inference_steps: 12 }, mostTime: 0.96 },
  { title: "DiT-XL/2, float32", isInt8: false, generate: { ...classes, num_inference_steps: 6 }, mostApart: 1e-5 },
];
const fluxCase: Case = {
  title: "FLUX.1 at 1/8 depth, int8",
  isInt8: true,
  generate: { ...prompt, num_inference_steps: 4 },
  mostMemory: 0.78,
};

export const timeAheadBenchmark: Benchmark = {
  name: "time-ahead",
  about:
    "What timesteps alone decide, computed ahead of the steps and with each of them (a scheduler that tells its timesteps beforehand, and one that does not), on a DiT of DiT-XL/2's size, guided (batch 2), and a FLUX transformer of FLUX.1's width with 2 and 5 blocks (1/8 of 19 and 38), random weights, 256 x 256; int8 is `bnb` with `load_in_8bit` and no outliers. In turns, each time in a process of its own: resident memory while it denoises (VmRSS, and RssAnon: without pages of mapped files), processor time of a second generation of the process and of a step, which other work on the machine changes least, and how far the finished latents are apart.",
  run: async (say) => [
    ...(await inTemporaryFolder(async (folder) => {
      const model = join(folder, "model");
      writeRandomDit(model);
      return ditCases.flatMap((one) => compared(one, model, folder, say));
    })),
    ...(await inTemporaryFolder(async (folder) => {
      const model = join(folder, "model");
      say(`FLUX: ${(writeRandomFlux(model) / 1e9).toFixed(2)} billion weights`);
      return compared(fluxCase, model, folder, say);
    })),
  ],
};

function compared(
  { title, isInt8, generate, mostMemory, mostTime, mostApart }: Case,
  model: string,
  folder: string,
  say: Say,
): Figure[] {
  const measure = (isTold: boolean): TimeAheadMeasured => {
    const request: TimeAheadRequest = { model, cacheDir: join(folder, "cache"), isInt8, isTold, generate };
    const command = ["--import", "tsx", "--conditions=@skipstep/source", child, JSON.stringify(request)];
    const measured: TimeAheadMeasured = JSON.parse(
      execFileSync(process.execPath, command, { encoding: "utf8", maxBuffer: 2 ** 26 }),
    );
    const { latents, ...rest } = measured;
    say(`${title}, ${isTold ? "ahead" : "with each step"}: ${JSON.stringify(rest)}`);
    return measured;
  };
  const [each, ahead]: [TimeAheadMeasured[], TimeAheadMeasured[]] = [[], []];
  for (let round = 0; round < rounds; round++) {
    each.push(measure(false));
    ahead.push(measure(true));
  }
  type Number = Exclude<keyof TimeAheadMeasured, "latents" | "notes">;
  const of = (all: readonly TimeAheadMeasured[], what: Number): number => least(all.map((one) => one[what]));
  const ratio = (what: Number): number => of(ahead, what) / of(each, what);
  const apart = each[0]!.latents.reduce((most, value, i) => Math.max(most, Math.abs(value - ahead[0]!.latents[i]!)), 0);
  const both = (name: string, what: Number, unit: "GB" | "s", divisor: number): Figure[] => [
    { what: `${title}, ${name}, with each step`, value: of(each, what) / divisor, unit },
    { what: `${title}, ${name}, ahead`, value: of(ahead, what) / divisor, unit },
  ];
  const target = (most: number | undefined): Pick<Figure, "target"> => (most === undefined ? {} : { target: { most } });
  return [
    ...both("resident", "residentBytes", "GB", 1e9),
    {
      what: `${title}, resident, ahead over with each step`,
      value: ratio("residentBytes"),
      unit: "times",
      ...target(mostMemory),
    },
    { what: `${title}, RssAnon, ahead over with each step`, value: ratio("anonymousBytes"), unit: "times" },
    ...both(`${generate.num_inference_steps} steps, processor time`, "generationSeconds", "s", 1),
    {
      what: `${title}, processor time, ahead over with each step`,
      value: ratio("generationSeconds"),
      unit: "times",
      ...target(mostTime),
    },
    { what: `${title}, that of a step`, value: ratio("stepSeconds"), unit: "times" },
    {
      what: `${title}, latents apart`,
      value: 1e6 * apart,
      unit: "ppm",
      ...target(mostApart === undefined ? undefined : 1e6 * mostApart),
    },
  ];
}
