import { join } from "node:path";
import type { ConfigInput } from "@skipstep/core";
import { DeepCache } from "../plugins/deepcache/src/index";
import type { Benchmark, Figure } from "./benchmark";
import { aboutRealised, leastOfTwo, realised, secondsOf } from "./compute-realised";
import { writeRandomSd15 } from "./random-sd15";
import { inTemporaryFolder } from "./temporary-folder";

const steps = 15;
const intervals = [
  { interval: 3, leastTimes: 2.2 },
  { interval: 5, leastTimes: 3.1 },
];

export const deepcacheBenchmark: Benchmark = {
  name: "deepcache",
  about: `DeepCache, branch 0, on Stable Diffusion 1.5 of full size with random weights, 256 x 256, ${steps} guided steps with DDIM, both guidance branches in one batch. ${aboutRealised}`,
  run: (say) =>
    inTemporaryFolder(async (folder) => {
      writeRandomSd15(folder);
      const size = { height: 256, width: 256 };
      const config: ConfigInput = {
        model: folder,
        scheduler: { type: "DDIMScheduler" },
        generate: { prompt: "red heart", num_inference_steps: steps, guidance_scale: 7.5, seed: 1, ...size },
      };
      const cacheDir = join(folder, "cache");
      // One pipeline at a time: three U-Nets do not fit everywhere.
      const plain = await leastOfTwo(config, cacheDir);
      say(`plain: ${secondsOf(plain).toFixed(1)} s`);
      const figures: Figure[] = [{ what: "no plugin, denoising", value: secondsOf(plain), unit: "s" }];
      for (const { interval, leastTimes } of intervals) {
        const plugins = [{ use: DeepCache, options: { cache_interval: interval } }];
        const fast = await leastOfTwo({ ...config, plugins }, cacheDir);
        say(`${interval}: ${secondsOf(fast).toFixed(1)} s; ${fast.report.plugins[0]!.summary}`);
        figures.push(...realised(`interval ${interval}`, plain, fast, leastTimes));
      }
      return figures;
    }),
};
