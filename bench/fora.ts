import { join } from "node:path";
import { Fora } from "../plugins/fora/src/index";
import type { Benchmark, Figure } from "./benchmark";
import { aboutRealised, computeRealised } from "./compute-realised";
import { writeRandomDit } from "./random-dit";
import { inTemporaryFolder } from "./temporary-folder";

/** Of a few steps the first one, which is always computed, is a larger share. */
const counts = [7, 20];
const size = { height: 256, width: 256 };

export const foraBenchmark: Benchmark = {
  name: "fora",
  about: `FORA, interval 3, on a DiT of DiT-XL/2's size with random weights, 256 x 256, ${counts.join(" and ")} guided steps (batch 2): the first step and every third are computed. ${aboutRealised}`,
  run: (say) =>
    inTemporaryFolder(async (folder) => {
      writeRandomDit(folder);
      const figures: Figure[] = [];
      for (const steps of counts) {
        const generate = { class_labels: [207], num_inference_steps: steps, guidance_scale: 4, seed: 1, ...size };
        const comparison = {
          title: `interval 3, ${steps} steps`,
          config: { model: folder, generate },
          plugin: { use: Fora, options: { interval: 3 } },
          cacheDir: join(folder, "cache"),
        };
        figures.push(...(await computeRealised(comparison, say)));
      }
      return figures;
    }),
};
