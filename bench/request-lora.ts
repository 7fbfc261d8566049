import { join } from "node:path";
import { createPipeline, type GenerateRequest, type Pipeline } from "@skipstep/core";
import { openWeights } from "@skipstep/core/model";
import type { Benchmark } from "./benchmark";
import { interleave, least, median, timed } from "./measure";
import { RandomTensors } from "./random-tensors";
import { writeRandomZImage } from "./random-z-image";
import { inTemporaryFolder } from "./temporary-folder";
import { type TensorToWrite, writeSafetensors } from "./write-safetensors";

/** Half of Z-Image's width: what a branch adds is a larger part of narrower layers. */
const size = { dim: 1920, n_layers: 2, dtype: "float16" } as const;
const generate = { prompt: "red heart", seed: 42, num_inference_steps: 1, guidance_scale: 0, height: 512, width: 512 };
const rank = 16;
const rounds = 5;

export const requestLoraBenchmark: Benchmark = {
  name: "request-lora",
  about:
    "What a LoRA at a request costs: rank 16 on all linears of a Z-Image transformer of width 1920 with 2 layers, 4 refiners and random weights, float32, one step at 512 x 512, against the same pipeline without. In turns in one process; processor seconds of all threads, which other work on the machine changes least, and seconds.",
  run: (say) =>
    inTemporaryFolder(async (folder) => {
      const model = join(folder, "model");
      writeRandomZImage(model, size);
      const lora = join(folder, "lora.safetensors");
      const modules = writeRandomLora(join(model, "transformer"), lora);
      say(`${modules} modules`);
      const pipeline = await createPipeline({ model, generate }, { cacheDir: join(folder, "cache") });
      try {
        const loras = [{ path: lora, scale: 0.5 }];
        const first = await timed(() => pipeline.generate({ loras }));
        const plain: Seconds[] = [];
        const beside: Seconds[] = [];
        await step(pipeline, {});
        await interleave(rounds, {
          plain: async () => keep(plain, await step(pipeline, {})),
          beside: async () => keep(beside, await step(pipeline, { loras })),
        });
        const added = (of: keyof Seconds): number =>
          100 * (median(beside.map((one, i) => one[of] / plain[i]![of])) - 1);
        const wall = (all: readonly Seconds[]): number => least(all.map(({ seconds }) => seconds));
        return [
          { what: "without, one step", value: wall(plain), unit: "s" },
          { what: "with a LoRA, one step", value: wall(beside), unit: "s" },
          { what: "what it adds, processor time", value: added("processor"), unit: "%", target: { most: 8 } },
          { what: "what it adds, by the median of neighbouring runs", value: added("seconds"), unit: "%" },
          { what: "first generation with one: engine compiled and opened", value: first, unit: "s" },
        ];
      } finally {
        await pipeline.close();
      }
    }),
};

interface Seconds {
  readonly seconds: number;
  readonly processor: number;
}

/** Of the denoising loop; processor time of all of the generation, which is next to nothing but that. */
async function step(pipeline: Pipeline, request: GenerateRequest): Promise<Seconds> {
  const before = process.cpuUsage();
  const { report } = await pipeline.generate(request);
  const { user, system } = process.cpuUsage(before);
  return { seconds: report.seconds.phases.denoise!, processor: (user + system) / 1e6 };
}

function keep(all: Seconds[], one: Seconds): number {
  all.push(one);
  return one.seconds;
}

/** A LoRA for every matrix of a model. @returns its modules */
function writeRandomLora(folder: string, file: string): number {
  const weights = openWeights(folder);
  const random = new RandomTensors("float16");
  const tensors = weights.names.flatMap((name): TensorToWrite[] => {
    const { shape } = weights.entry(name);
    if (shape.length !== 2 || !name.endsWith(".weight")) return [];
    const module = `transformer.${name.slice(0, -".weight".length)}`;
    const [rows, columns] = shape as [number, number];
    return [
      { name: `${module}.lora_A.weight`, shape: [rank, columns] },
      { name: `${module}.lora_B.weight`, shape: [rows, rank] },
    ].map((tensor) => ({ ...tensor, dtype: "float16", pieces: () => random.pieces(tensor.name, tensor.shape) }));
  });
  weights.close();
  writeSafetensors(file, tensors);
  return tensors.length / 2;
}
