import { execFileSync } from "node:child_process";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Benchmark } from "./benchmark";
import type { Measured } from "./compile-child";
import { median } from "./measure";
import { writeRandomZImage } from "./random-z-image";
import { inTemporaryFolder } from "./temporary-folder";

const child = fileURLToPath(new URL("./compile-child.ts", import.meta.url));

export const compileBenchmark: Benchmark = {
  name: "compile",
  about:
    "Compiling a Z-Image transformer of 840 million random float16 weights (1.7 GB), each time in a process of its own: the largest resident memory (pages of files that are mapped count) against the weights' size as float32, and the time until a pipeline stands whose engine is in the cache.",
  run: (say) =>
    inTemporaryFolder(async (folder) => {
      const parameters = writeRandomZImage(folder, { dim: 2048, n_layers: 12, dtype: "float16" });
      const floatBytes = 4 * parameters;
      say(`${(parameters / 1e6).toFixed(0)} million parameters, ${(floatBytes / 2e9).toFixed(2)} GB as float16`);
      const cache = join(folder, "cache");
      const compiled = measure(folder, cache);
      say(`compiled in ${compiled.seconds.toFixed(1)} s`);
      const opened = Array.from({ length: 3 }, () => measure(folder, cache));
      const largest = (peak: "peakBytes" | "peakBytesInUse"): number => Math.max(...opened.map((each) => each[peak]));
      say(`opened in ${opened.map(({ seconds }) => seconds.toFixed(2)).join(", ")} s`);
      return [
        {
          what: "compile and open, peak over float32 size",
          value: compiled.peakBytes / floatBytes,
          unit: "times",
          target: { most: 1.3 },
        },
        { what: "compile and open, time", value: compiled.seconds, unit: "s" },
        {
          what: "open the cached engine, median",
          value: median(opened.map(({ seconds }) => seconds)),
          unit: "s",
          target: { most: 3 },
        },
        { what: "open the cached engine, peak", value: largest("peakBytes") / floatBytes, unit: "times" },
        { what: "open it and make an image, peak", value: largest("peakBytesInUse") / floatBytes, unit: "times" },
      ];
    }),
};

function measure(folder: string, cache: string): Measured {
  const command = ["--import", "tsx", "--conditions=@skipstep/source", child, folder, cache];
  return JSON.parse(execFileSync(process.execPath, command, { encoding: "utf8" }));
}
