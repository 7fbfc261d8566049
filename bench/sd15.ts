import { execFileSync } from "node:child_process";
import { cpSync } from "node:fs";
import { basename, join } from "node:path";
import { fileURLToPath } from "node:url";
import { autoencoderKl } from "../packages/core/src/models/autoencoder-kl";
import { clipText } from "../packages/core/src/models/clip-text";
import { unet2DCondition } from "../packages/core/src/models/unet-2d-condition";
import type { Benchmark } from "./benchmark";
import type { Measured } from "./compile-child";
import { median } from "./measure";
import { writeRandomModel } from "./random-checkpoint";
import { sd15 } from "./sd15-configs";
import { inTemporaryFolder } from "./temporary-folder";

const child = fileURLToPath(new URL("./compile-child.ts", import.meta.url));
/** Lends model_index.json, tokenizer and scheduler. */
const tiny = fileURLToPath(new URL("../test/golden/pipelines/sd15", import.meta.url));

export const sd15Benchmark: Benchmark = {
  name: "sd15",
  about:
    "Opening a Stable Diffusion 1.5 folder of full size with random float16 weights, each time in a process of its own: text encoder, U-Net and decoder are built, compiled and opened; then with the engines in the cache.",
  run: (say) =>
    inTemporaryFolder(async (folder) => {
      const parts = ["unet", "vae", "text_encoder"];
      cpSync(tiny, folder, { recursive: true, filter: (path) => ![...parts, "golden"].includes(basename(path)) });
      const write = (
        name: keyof typeof sd15,
        architecture: Parameters<typeof writeRandomModel>[1]["architecture"],
      ): number =>
        writeRandomModel(join(folder, name), { architecture, config: sd15[name], dtype: "float16", has: isStored });
      const parameters = write("unet", unet2DCondition) + write("vae", autoencoderKl) + write("text_encoder", clipText);
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

/** Newer names only: the checkpoint has no `text_model.` prefix and no names from before diffusers 0.18. */
function isStored(name: string): boolean {
  return !name.startsWith("text_model.") && !/\.(query|key|value|proj_attn)\./.test(name);
}
