import { join } from "node:path";
import { type ConfigInput, createPipeline } from "@skipstep/core";
import { Guidance } from "../plugins/guidance/src/index";
import type { Benchmark } from "./benchmark";
import { secondsOf } from "./compute-realised";
import { least } from "./measure";
import { writeRandomSd15 } from "./random-sd15";
import { inTemporaryFolder } from "./temporary-folder";

const steps = 10;
const rounds = 3;

export const guidanceSd15Benchmark: Benchmark = {
  name: "guidance-sd15",
  about: `The guidance gate at half of the steps on Stable Diffusion 1.5 of full size with random weights, 256 x 256, ${steps} guided steps: time in the denoising loop against no plugin, in turns, the least of ${rounds}. Both branches go in one batch; PNDM calls the model once more, and 6 of 22 passes are left out, which is 1.38 times at most.`,
  run: (say) =>
    inTemporaryFolder(async (folder) => {
      writeRandomSd15(folder);
      const size = { height: 256, width: 256 };
      const config: ConfigInput = {
        model: folder,
        generate: { prompt: "red heart", num_inference_steps: steps, guidance_scale: 7.5, seed: 1, ...size },
      };
      const gated = { ...config, plugins: [{ use: Guidance, options: { cfg_gate_step: 0.5 } }] };
      const cacheDir = join(folder, "cache");
      const pipelines = [await createPipeline(config, { cacheDir }), await createPipeline(gated, { cacheDir })];
      const seconds: number[][] = pipelines.map(() => []);
      for (let round = 0; round < rounds; round++)
        for (const [i, pipeline] of pipelines.entries()) {
          const result = await pipeline.generate();
          seconds[i]!.push(secondsOf(result));
          say(`${secondsOf(result).toFixed(2)} s ${result.report.plugins[0]?.summary ?? "without"}`);
        }
      for (const pipeline of pipelines) await pipeline.close();
      const [plain, fast] = seconds.map(least) as [number, number];
      return [
        { what: "no plugin, denoising", value: plain, unit: "s" },
        { what: "gate at half, denoising", value: fast, unit: "s" },
        { what: "gate at half, speed-up", value: plain / fast, unit: "times", target: { least: 1.3 } },
      ];
    }),
};
