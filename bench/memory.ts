import { execFileSync } from "node:child_process";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { MemoryMode } from "@skipstep/core";
import type { Benchmark, Figure } from "./benchmark";
import type { MeasuredMode } from "./memory-child";
import { writeRandomZImage } from "./random-z-image";
import { inTemporaryFolder } from "./temporary-folder";

const child = fileURLToPath(new URL("./memory-child.ts", import.meta.url));
const modes: readonly MemoryMode[] = ["resident", "component", "sequential"];

export const memoryBenchmark: Benchmark = {
  name: "memory",
  about:
    "Modes of memory on a Z-Image transformer of 720 million random weights (2.9 GB as float32), 256 x 256, 4 guided steps, engines in the cache, each mode in a process of its own: anonymous resident memory at its peak (RssAnon: without pages of mapped files), and the least time of a step.",
  run: (say) =>
    inTemporaryFolder(async (folder) => {
      const parameters = writeRandomZImage(folder, { dim: 2048, n_layers: 10, dtype: "float16" });
      say(`${((4 * parameters) / 1e9).toFixed(2)} GB as float32`);
      const figures: Figure[] = [];
      const checksums: number[] = [];
      for (const mode of modes) {
        measure(folder, mode); // compiles
        const { stepSeconds, anonymousBytes, checksum } = measure(folder, mode);
        checksums.push(checksum);
        say(`${mode}: ${(anonymousBytes / 1e9).toFixed(2)} GB, ${stepSeconds.toFixed(2)} s a step`);
        figures.push(
          {
            what: `${mode}, anonymous memory`,
            value: anonymousBytes / 1e9,
            unit: "GB",
            ...(mode === "sequential" ? { target: { most: 1 } } : {}),
          },
          { what: `${mode}, a step`, value: stepSeconds, unit: "s" },
        );
      }
      if (new Set(checksums).size > 1) throw new Error(`the modes' latents differ: ${checksums.join(", ")}`);
      return figures;
    }),
};

function measure(folder: string, mode: MemoryMode): MeasuredMode {
  const command = ["--import", "tsx", "--conditions=@skipstep/source", child, folder, join(folder, "cache"), mode];
  return JSON.parse(execFileSync(process.execPath, command, { encoding: "utf8" }));
}
