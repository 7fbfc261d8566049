import { join } from "node:path";
import { CacheDit, type CacheDitOptions } from "../plugins/cache-dit/src/index";
import type { Benchmark } from "./benchmark";
import { aboutRealised, computeRealised } from "./compute-realised";
import { writeRandomDit } from "./random-dit";
import { writeRandomZImage } from "./random-z-image";
import { inTemporaryFolder } from "./temporary-folder";

/** Half of the steps: warm-up, then two in a row are reused. */
const mask = [1, 1, 1, 0, 0, 1, 0, 0, 1, 0, 0, 1];
const options: Partial<CacheDitOptions> = {
  Fn_compute_blocks: 1,
  Bn_compute_blocks: 0,
  max_warmup_steps: 3,
  residual_diff_threshold: 1, // reuses at any change
  steps_computation_mask: mask,
};

export const cacheDitBenchmark: Benchmark = {
  name: "cache-dit",
  about: `cache-dit with one block in front (F1B0), on a DiT of DiT-XL/2's size, 256 x 256, guided, and with TaylorSeer on a Z-Image transformer of width 1280 with 16 layers, 512 x 512, both with random weights, ${mask.length} steps. Random weights make arbitrary differences, so a step mask says which ${mask.filter((step) => step === 0).length} steps are reused, at any change; what that leaves out is the comparison, two passes over one stream. ${aboutRealised}`,
  run: (say) =>
    inTemporaryFolder(async (folder) => {
      const [dit, zImage] = [join(folder, "dit"), join(folder, "z-image")];
      writeRandomDit(dit);
      writeRandomZImage(zImage, { dim: 1280, n_layers: 16, dtype: "float16" });
      const cacheDir = join(folder, "cache");
      const request = { num_inference_steps: mask.length, seed: 1 };
      return [
        ...(await computeRealised(
          {
            title: "DiT-XL/2",
            config: {
              model: dit,
              generate: { class_labels: [207], guidance_scale: 4, height: 256, width: 256, ...request },
            },
            plugin: { use: CacheDit, options },
            cacheDir,
          },
          say,
        )),
        ...(await computeRealised(
          {
            title: "Z-Image, TaylorSeer",
            config: {
              model: zImage,
              generate: { prompt: "red heart", guidance_scale: 0, height: 512, width: 512, ...request },
            },
            plugin: { use: CacheDit, options: { ...options, calibrator_type: "taylorseer", taylorseer_order: 1 } },
            cacheDir,
          },
          say,
        )),
      ];
    }),
};
