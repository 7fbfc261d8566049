import { join } from "node:path";
import type { PluginUse } from "@skipstep/core";
import { expect, it } from "vitest";
import { Bnb } from "../plugins/bnb/src/index";
import { DeepCache } from "../plugins/deepcache/src/index";
import { Fora } from "../plugins/fora/src/index";
import { ToMe } from "../plugins/tome/src/index";
import { Xformers } from "../plugins/xformers/src/index";
import { draw, psnr } from "./draw";
import { engineCache as cacheDir } from "./run-folder";

const pipelines = join(import.meta.dirname, "golden/pipelines");
const unet = {
  model: join(pipelines, "sd15"),
  scheduler: { type: "DDIMScheduler" },
  generate: { prompt: "a cat", num_inference_steps: 3, height: 32, width: 32, seed: 1 },
};
const dit = {
  model: join(pipelines, "dit"),
  generate: { class_labels: [1], num_inference_steps: 3, height: 64, width: 64, seed: 1 },
};
const merging: PluginUse = { use: ToMe, options: { max_downsample: 2, merge_mlp: true } };

it.each<[string, object, readonly PluginUse[], least: number, says: readonly RegExp[]]>([
  ["xformers", unet, [{ use: Xformers, options: { op: "cutlass", block_size: 8 } }], 80, [/attentions as cutlass/]],
  [
    "bnb and deepcache",
    unet,
    [{ use: Bnb, options: { load_in_8bit: true } }, { use: DeepCache }],
    8, // random weights amplify what is rounded
    [/int8/, /^reused 2 of 3/],
  ],
  ["fora", dit, [{ use: Fora, options: { interval: 3 } }], 8, [/^reused 1 of 3/]],
])(
  "tome works beside %s",
  async (_, config, others, least, says) => {
    const alone = await draw({ ...config, plugins: [merging] } as never, cacheDir, {});
    const both = await draw({ ...config, plugins: [merging, ...others], strict: true } as never, cacheDir, {});
    const [own, ...rest] = both.report.plugins;
    expect(own!.tokens).toEqual(alone.report.plugins[0]!.tokens);
    expect(own!.tokens!.length).toBeGreaterThan(0);
    for (const [i, line] of says.entries()) expect(rest[i]!.summary).toMatch(line);
    expect(psnr(alone, both)).toBeGreaterThan(least);
  },
  120_000,
);
