import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { type ConfigInput, createPipeline, type GenerateRequest } from "@skipstep/core";
import type { Benchmark, Figure, Say } from "./benchmark";
import { interleave, least } from "./measure";
import { writeRandomDit } from "./random-dit";
import { writeRandomSd15 } from "./random-sd15";
import { inTemporaryFolder } from "./temporary-folder";

const rounds = 3;
const batches = [1, 2, 4];

interface Kind {
  readonly title: string;
  readonly config: ConfigInput;
  /** What request `i` asks for. */
  request(i: number): GenerateRequest;
}

const prompts = ["red heart", "rocket", "slightly smiling cat face", "bento box"];
const prompted = (i: number): GenerateRequest => ({ prompt: prompts[i]!, seed: i });
const emoji = fileURLToPath(new URL("../models/emoji", import.meta.url));
const square = (side: number, steps: number, guidance_scale: number) => ({
  num_inference_steps: steps,
  guidance_scale,
  height: side,
  width: side,
});

export const togetherBenchmark: Benchmark = {
  name: "together",
  about: `Four requests that differ in prompt and seed, drawn alone one after the other, and together in batches of 2 and of 4 (\`generateTogether\`), decoding included: seconds of an image against alone, in turns, the least of ${rounds}. DiT-XL/2 and Stable Diffusion 1.5 with random weights.`,
  run: (say) =>
    inTemporaryFolder(async (folder) => {
      const [dit, sd15] = [join(folder, "dit"), join(folder, "sd15")];
      writeRandomDit(dit);
      writeRandomSd15(sd15);
      const kinds: Kind[] = [
        {
          title: "emoji, 128 px, guided",
          config: { model: emoji, generate: square(128, 20, 2) },
          request: prompted,
        },
        { title: "emoji, 128 px, unguided", config: { model: emoji, generate: square(128, 20, 0) }, request: prompted },
        { title: "emoji, 256 px, guided", config: { model: emoji, generate: square(256, 10, 2) }, request: prompted },
        {
          title: "DiT-XL/2, 256 px, guided",
          config: { model: dit, generate: square(256, 2, 4) },
          request: (i) => ({ class_labels: [207 + i], seed: i }),
        },
        {
          title: "Stable Diffusion 1.5, 256 px, unguided",
          config: { model: sd15, generate: square(256, 2, 1) },
          request: prompted,
        },
      ];
      const figures: Figure[] = [];
      for (const kind of kinds) figures.push(...(await measure(kind, join(folder, "cache"), say)));
      return figures;
    }),
};

async function measure({ title, config, request }: Kind, cacheDir: string, say: Say): Promise<Figure[]> {
  const pipeline = await createPipeline(config, { cacheDir });
  const most = batches.at(-1)!;
  const requests = Array.from({ length: most }, (_, i) => request(i));
  const draw = async (batch: number): Promise<number> => {
    const start = performance.now();
    for (let i = 0; i < most; i += batch) {
      const results = await Promise.all(pipeline.generateTogether(requests.slice(i, i + batch)));
      const together = results.map(({ report }) => report.together ?? 1);
      if (together.some((count) => count !== batch)) throw new Error(`${title}: drawn ${together} at a time`);
    }
    return (performance.now() - start) / 1000 / most;
  };
  await draw(most); // reads the weights
  const runs = Object.fromEntries(batches.map((batch) => [batch, () => draw(batch)]));
  const seconds = await interleave(rounds, runs);
  await pipeline.close();
  const alone = least(seconds[1]!);
  say(`${title}: ${batches.map((batch) => least(seconds[batch]!).toFixed(2)).join(", ")} s`);
  return [
    { what: `${title}: an image alone`, value: alone, unit: "s" },
    ...batches.slice(1).map((batch): Figure => {
      const value = (100 * least(seconds[batch]!)) / alone;
      return { what: `${title}: in a batch of ${batch}`, value, unit: "%" };
    }),
  ];
}
