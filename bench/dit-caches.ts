import { join } from "node:path";
import type { Benchmark, Figure } from "./benchmark";
import { type Drawn, drawApart, pixelsPsnr, pluginFolder } from "./drawing-run";
import { maskedCacheDit, oneScaleInt8 } from "./full-size-plugins";
import { writeRandomDit } from "./random-dit";
import { inTemporaryFolder } from "./temporary-folder";

const STEPS = 20;
const mask = [1, 0, 1, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0];
/** Of these, where both branches run. */
const guided = [0, 5];

const int8 = oneScaleInt8;
const cacheDit = maskedCacheDit(mask, 2);
const gate = {
  use: pluginFolder("guidance"),
  options: { cfg_gate_mask: mask.map((_, step) => Number(guided.includes(step))), cfg_gate_order: 1 },
};

/** All with int8. */
const rows = [
  { title: "int8", config: { plugins: [int8] } },
  { title: "int8, cache-dit", config: { plugins: [int8, cacheDit] } },
  {
    title: "int8, cache-dit and the guidance gate",
    config: { plugins: [int8, gate, cacheDit], guidance: "separate" },
    most: 0.3,
  },
];

export const ditCachesBenchmark: Benchmark = {
  name: "dit-caches",
  about: `DiT-XL/2 with random weights in int8 (bnb, one scale), 256 x 256 in ${STEPS} guided steps: alone, with cache-dit by a static mask that computes ${mask.filter((step) => step === 1).length} steps, and with the guidance gate as well, which runs both branches at ${guided.length} of these. Each in a process of its own, compiled before, the faster of two images. A step is the mean of ${STEPS}; processor time is that of all threads, half of which is what a step takes at least on two; PSNR against int8 alone, of random weights.`,
  run: (say) =>
    inTemporaryFolder(async (folder) => {
      const model = join(folder, "dit");
      writeRandomDit(model);
      const cacheDir = join(folder, "cache");
      const generate = {
        class_labels: [207],
        num_inference_steps: STEPS,
        guidance_scale: 4,
        height: 256,
        width: 256,
        seed: 1,
      };
      let plain: Drawn | undefined;
      const figures: Figure[] = [];
      for (const { title, config, most } of rows) {
        const drawn = drawApart({ config: { model, generate, ...config }, cacheDir, rounds: 2 });
        plain ??= drawn;
        say(`${title}: ${(drawn.denoiseSeconds / STEPS).toFixed(3)} s a step; ${drawn.summaries.join("; ")}`);
        figures.push(
          {
            what: `${title}, a step`,
            value: drawn.denoiseSeconds / STEPS,
            unit: "s",
            ...(most === undefined ? {} : { target: { most } }),
          },
          {
            what: `${title}, a step, half of its processor time`,
            value: drawn.denoiseProcessor / STEPS / 2,
            unit: "s",
          },
          { what: `${title}, memory`, value: drawn.bytes / 1e9, unit: "GB" },
          ...(drawn === plain
            ? []
            : [{ what: `${title}, PSNR`, value: pixelsPsnr(drawn, plain), unit: "dB" } as const]),
        );
      }
      return figures;
    }),
};
