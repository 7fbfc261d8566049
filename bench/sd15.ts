import { execFileSync } from "node:child_process";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Benchmark } from "./benchmark";
import type { Measured } from "./compile-child";
import { median } from "./measure";
import { writeRandomSd15 } from "./random-sd15";
import { inTemporaryFolder } from "./temporary-folder";

const child = fileURLToPath(new URL("./compile-child.ts", import.meta.url));

export const sd15Benchmark: Benchmark = {
  name: "sd15",
  about:
    "Opening a Stable Diffusion 1.5 folder of full size with random float16 weights, each time in a process of its own: text encoder, U-Net and decoder are built, compiled and opened; then with the engines in the cache.",
  run: (say) =>
    inTemporaryFolder(async (folder) => {
      const parameters = writeRandomSd15(folder);
      say(`${(parameters / 1e6).toFixed(0)} million parameters`);
      const cache = join(folder, "cache");
      const open = (): Measured => {
        const command = ["--import", "tsx", "--conditions=@skipstep/source", child, folder, cache];
        return JSON.parse(execFileSync(process.execPath, command, { encoding: "utf8" }));
      };
      const first = open().seconds;
      say(`first opened in ${first.toFixed(1)} s`);
      const again = Array.from({ length: 3 }, () => open().seconds);
      return [
        { what: "build, compile and open", value: first, unit: "s", target: { most: 20 } },
        { what: "open again, median", value: median(again), unit: "s", target: { most: 3 } },
      ];
    }),
};
