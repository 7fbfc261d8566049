import { spawnSync } from "node:child_process";
import { existsSync, rmSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Benchmark } from "./benchmark";
import { least, median } from "./measure";
import { inTemporaryFolder } from "./temporary-folder";

const root = fileURLToPath(new URL("..", import.meta.url));
const command = join(root, "packages/cli/bin/skipstep.js");
const rounds = 7;

export const emojiBenchmark: Benchmark = {
  name: "emoji",
  about:
    "`skipstep generate` with the shipped model, 128 x 128 in 20 guided steps, from the start of the command to its end with the PNG on disk.",
  run: (say) =>
    inTemporaryFolder(async (folder) => {
      const cache = join(folder, "cache");
      const first = Array.from({ length: 3 }, () => {
        rmSync(cache, { recursive: true, force: true });
        return generate("emoji", folder, cache);
      });
      say(`first run ${first.map((seconds) => seconds.toFixed(2)).join(", ")} s`);
      generate("emoji-fast", folder, cache);
      const cached: number[] = [];
      const fast: number[] = [];
      for (let round = 0; round < rounds; round++) {
        cached.push(generate("emoji", folder, cache));
        fast.push(generate("emoji-fast", folder, cache));
      }
      say(`cached ${cached.map((seconds) => seconds.toFixed(2)).join(", ")} s`);
      return [
        { what: "engine cached, median", value: median(cached), unit: "s", target: { most: 2.5 } },
        { what: "engine cached, least", value: least(cached), unit: "s" },
        { what: "first run (compile included), median", value: median(first), unit: "s", target: { most: 6 } },
        { what: "engine cached, with fbcache (configs/emoji-fast.json), median", value: median(fast), unit: "s" },
        { what: "engine cached, with fbcache, least", value: least(fast), unit: "s" },
      ];
    }),
};

/** @returns seconds */
function generate(config: string, folder: string, cache: string): number {
  const out = join(folder, "heart.png");
  rmSync(out, { force: true });
  const start = performance.now();
  const { status, stderr } = spawnSync(
    process.execPath,
    [command, "generate", join(root, `configs/${config}.json`), "--prompt", "red heart", "--out", out],
    { env: { ...process.env, SKIPSTEP_CACHE: cache }, encoding: "utf8" },
  );
  const seconds = (performance.now() - start) / 1000;
  if (status !== 0 || !existsSync(out))
    throw new Error(`skipstep generate failed; is it built (pnpm build)? ${stderr}`);
  return seconds;
}
