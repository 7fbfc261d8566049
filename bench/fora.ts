import { join } from "node:path";
import { Fora } from "../plugins/fora/src/index";
import type { Benchmark } from "./benchmark";
import { aboutRealised, computeRealised } from "./compute-realised";
import { writeRandomDit } from "./random-dit";
import { inTemporaryFolder } from "./temporary-folder";

const steps = 7;
const size = { height: 256, width: 256 };

export const foraBenchmark: Benchmark = {
  name: "fora",
  about: `FORA, interval 3, on a DiT of DiT-XL/2's size with random weights, 256 x 256, ${steps} guided steps (batch 2): the first step and every third are computed. ${aboutRealised}`,
  run: (say) =>
    inTemporaryFolder(async (folder) => {
      writeRandomDit(folder);
      return computeRealised(
        {
          title: "interval 3",
          config: {
            model: folder,
            generate: { class_labels: [207], num_inference_steps: steps, guidance_scale: 4, seed: 1, ...size },
          },
          plugin: { use: Fora, options: { interval: 3 } },
          cacheDir: join(folder, "cache"),
        },
        say,
      );
    }),
};
