import { join } from "node:path";
import type { ConfigInput } from "@skipstep/core";
import { Guidance } from "../plugins/guidance/src/index";
import type { Benchmark } from "./benchmark";
import { aboutRealised, computeRealised } from "./compute-realised";
import { writeRandomSd15 } from "./random-sd15";
import { inTemporaryFolder } from "./temporary-folder";

const steps = 10;

export const guidanceSd15Benchmark: Benchmark = {
  name: "guidance-sd15",
  about: `The guidance gate at half of the steps on Stable Diffusion 1.5 of full size with random weights, 256 x 256, ${steps} guided steps, both branches in one batch; PNDM calls the model once more, and 6 of 22 passes are left out, which is 1.38 times at most. ${aboutRealised}`,
  run: (say) =>
    inTemporaryFolder(async (folder) => {
      writeRandomSd15(folder);
      const size = { height: 256, width: 256 };
      const config: ConfigInput = {
        model: folder,
        generate: { prompt: "red heart", num_inference_steps: steps, guidance_scale: 7.5, seed: 1, ...size },
      };
      const plugin = { use: Guidance, options: { cfg_gate_step: 0.5 } };
      const title = "gate at half";
      return computeRealised({ title, config, plugin, cacheDir: join(folder, "cache"), leastTimes: 1.3 }, say);
    }),
};
