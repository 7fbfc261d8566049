import { join } from "node:path";
import type { Benchmark, Figure } from "./benchmark";
import { type MeasuredRun, measureComponent } from "./component-run";
import { writeRandomSd15 } from "./random-sd15";
import { sizeOfFiles } from "./size-of-files";
import { inTemporaryFolder } from "./temporary-folder";

const STEPS = 20;
const measured = [1, 2] as const;
const reckoned = [8, 16] as const;
const parts = {
  "a pass": { model: "sd15 unet", component: "unet", sizes: { B: 2, h: 64, w: 64, S: 77 }, times: STEPS },
  decoding: { model: "kl decoder", component: "vae", sizes: { B: 1, h: 64, w: 64 }, times: 1 },
} as const;

export const coresBenchmark: Benchmark = {
  name: "cores",
  about: `Stable Diffusion 1.5 at full size with random float16 weights, computed in float32 without plugins: what it takes on disk and in memory, and an image of 512 x 512 in ${STEPS} guided steps with ${measured.join(" and ")} threads, each component in a process of its own, the least of 2. With ${reckoned.join(" and ")} cores nothing was run: each component is taken to have a part that more threads do not make faster, which follows from the two that were measured (Amdahl's law), at the same rate of each core.`,
  run: (say) =>
    inTemporaryFolder((folder) => {
      const parameters = writeRandomSd15(folder);
      const runs = Object.entries(parts).map(([what, part]) => {
        const byThreads = measured.map((threads) => {
          const run = measureComponent({ ...part, folder: join(folder, part.component), rounds: 2, threads });
          say(`${what}, ${threads} threads: ${run.seconds.toFixed(2)} s`);
          return run;
        });
        return { what, part, byThreads };
      });
      const image = (cores: number): number =>
        runs.reduce((sum, { part, byThreads }) => sum + part.times * secondsWith(cores, byThreads), 0);
      const most = Math.max(...runs.flatMap(({ byThreads }) => byThreads.map((run) => run.anonymousBytes)));
      const figures: Figure[] = [
        { what: "weights in float16, file", value: (parameters * 2) / 1e9, unit: "GB" },
        { what: "engines of the U-Net and the decoder, on disk", value: engines(folder) / 1e9, unit: "GB" },
        { what: "memory while it draws", value: most / 1e9, unit: "GB" },
        ...runs.flatMap(({ what, byThreads }) =>
          measured.map(
            (threads, i): Figure => ({
              what: `${what}, ${threads} ${threads === 1 ? "core" : "cores"}`,
              value: byThreads[i]!.seconds,
              unit: "s",
            }),
          ),
        ),
        ...measured.map(
          (cores): Figure => ({
            what: `an image, ${cores === 1 ? "1 core" : `${cores} cores`}`,
            value: image(cores),
            unit: "s",
          }),
        ),
        ...reckoned.map(
          (cores): Figure => ({ what: `an image, ${cores} cores, reckoned`, value: image(cores), unit: "s" }),
        ),
      ];
      return Promise.resolve(figures);
    }),
};

/** By Amdahl's law through the seconds with one and with two threads; never faster than the cores allow. */
function secondsWith(cores: number, [one, two]: readonly MeasuredRun[]): number {
  const divided = Math.min(2 * (one!.seconds - two!.seconds), one!.seconds);
  return one!.seconds - divided + divided / cores;
}

function engines(folder: string): number {
  const caches = Object.values(parts).map(({ component }) => join(folder, component, "cache"));
  return caches.reduce((sum, cache) => sum + sizeOfFiles(cache), 0);
}
