import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { type ConfigInput, createPipeline } from "@skipstep/core";
import { FirstBlockCache } from "@skipstep/plugin-fbcache";
import type { Benchmark, Say } from "./benchmark";
import { interleave, least, median } from "./measure";
import { writeRandomZImage } from "./random-z-image";
import { inTemporaryFolder } from "./temporary-folder";

const emoji = fileURLToPath(new URL("../models/emoji", import.meta.url));
const neverReuses = { use: FirstBlockCache, options: { threshold: 0 } };

export const hooksBenchmark: Benchmark = {
  name: "hooks",
  about:
    "What a plugin costs that hooks regions and never reuses: fbcache with threshold 0 against no plugin, in turns, the least of each over three openings (where its weights come to lie makes a session some percent faster or slower). Large: a Z-Image transformer of width 1280 with 16 layers and random weights, one step at 512 x 512. Small: the emoji model, 20 guided steps at 128 x 128, where a step is short and a segment's own cost shows.",
  run: (say) =>
    inTemporaryFolder(async (folder) => {
      const cacheDir = join(folder, "cache");
      const large = join(folder, "large");
      writeRandomZImage(large, { dim: 1280, n_layers: 16, dtype: "float16" });
      const slow = await compare({ model: large, generate: largeStep }, cacheDir, 3, say);
      const fast = await compare({ model: emoji, generate: smallSteps }, cacheDir, 15, say);
      const steps = smallSteps.num_inference_steps;
      const segments = fast.segments - 1;
      return [
        { what: "large, no plugin, one step", value: slow.plain, unit: "s" },
        {
          what: "large, what the hooks add",
          value: 100 * (slow.hooked / slow.plain - 1),
          unit: "%",
          target: { most: 3 },
        },
        {
          what: "large, the same by the median of neighbouring runs",
          value: 100 * (median(slow.ratios) - 1),
          unit: "%",
        },
        { what: "small, no plugin, one step", value: (1000 * fast.plain) / steps, unit: "ms" },
        {
          what: `small, what each of ${segments} more segments adds to a step`,
          value: (1000 * (fast.hooked - fast.plain)) / steps / segments,
          unit: "ms",
          target: { most: 0.5 },
        },
      ];
    }),
};

const largeStep = { num_inference_steps: 1, guidance_scale: 0, height: 512, width: 512 };
const smallSteps = { num_inference_steps: 20, guidance_scale: 2, height: 128, width: 128 };

interface Comparison {
  /** Least seconds of the denoising loop, without and with hooks. */
  readonly plain: number;
  readonly hooked: number;
  /** Hooked over plain, of neighbouring runs. */
  readonly ratios: readonly number[];
  /** Into which the hooks cut the denoiser. */
  readonly segments: number;
}

async function compare(config: ConfigInput, cacheDir: string, rounds: number, say: Say): Promise<Comparison> {
  let all: Comparison = { plain: Infinity, hooked: Infinity, ratios: [], segments: 0 };
  for (let opening = 0; opening < 3; opening++) {
    const { plain, hooked, ratios, segments } = await compareOnce(config, cacheDir, rounds);
    say(`${config.model}: ${plain.toFixed(4)} s without, ${hooked.toFixed(4)} s with hooks`);
    all = {
      plain: Math.min(all.plain, plain),
      hooked: Math.min(all.hooked, hooked),
      ratios: [...all.ratios, ...ratios],
      segments,
    };
  }
  return all;
}

async function compareOnce(config: ConfigInput, cacheDir: string, rounds: number): Promise<Comparison> {
  const plain = await createPipeline(config, { cacheDir });
  const hooked = await createPipeline({ ...config, plugins: [neverReuses] }, { cacheDir });
  let segments = 0;
  const denoise = async (pipeline: typeof plain): Promise<number> => {
    const { report } = await pipeline.generate({ prompt: "red heart", seed: 42 });
    segments = Object.keys(report.seconds.segments).filter((name) => name.startsWith("transformer/")).length;
    return report.seconds.phases.denoise!;
  };
  try {
    const bodies = { plain: () => denoise(plain), hooked: () => denoise(hooked) };
    await interleave(1, bodies); // memory is grown at first
    const seconds = await interleave(rounds, bodies);
    const ratios = seconds.hooked.map((time, i) => time / seconds.plain[i]!);
    return { plain: least(seconds.plain), hooked: least(seconds.hooked), ratios, segments };
  } finally {
    await plain.close();
    await hooked.close();
  }
}
