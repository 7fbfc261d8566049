import { join } from "node:path";
import { type ConfigInput, createPipeline, type Pipeline, validateConfig } from "@skipstep/core";
import { noHooks } from "../packages/core/src/compiler/build-hooks";
import { countFlops } from "../packages/core/src/compiler/flops";
import { planGraph } from "../packages/core/src/compiler/plan";
import { Graph } from "../packages/core/src/graph/graph";
import { unet2DCondition } from "../packages/core/src/models/unet-2d-condition";
import { regionClaims } from "../packages/core/src/pipelines/build-model";
import { DeepCache } from "../plugins/deepcache/src/index";
import type { Benchmark, Figure } from "./benchmark";
import { interleave, least } from "./measure";
import { writeRandomSd15 } from "./random-sd15";
import { inTemporaryFolder } from "./temporary-folder";

const steps = 15;
const intervals = [3, 5];
/** 256 x 256, both guidance branches in one batch. */
const sizes = { B: 2, h: 32, w: 32, S: 77 };

export const deepcacheBenchmark: Benchmark = {
  name: "deepcache",
  about: `DeepCache, branch 0, on Stable Diffusion 1.5 of full size with random weights, 256 x 256, ${steps} guided steps with DDIM: time in the denoising loop against no plugin, in turns, the least of two. "Compute realised" is the speed-up in time over the speed-up in FLOPs.`,
  run: (say) =>
    inTemporaryFolder(async (folder) => {
      writeRandomSd15(folder);
      const config = (interval?: number): ConfigInput => ({
        model: folder,
        scheduler: { type: "DDIMScheduler" },
        generate: {
          prompt: "red heart",
          num_inference_steps: steps,
          guidance_scale: 7.5,
          height: 256,
          width: 256,
          seed: 1,
        },
        plugins: interval === undefined ? [] : [{ use: DeepCache, options: { cache_interval: interval } }],
      });
      const cacheDir = join(folder, "cache");
      const denoise = async (pipeline: Pipeline): Promise<number> =>
        (await pipeline.generate()).report.seconds.phases.denoise!;
      const seconds: Record<string, number> = {};
      // One pipeline at a time: three U-Nets do not fit everywhere.
      for (const interval of [undefined, ...intervals]) {
        const pipeline = await createPipeline(config(interval), { cacheDir });
        const name = String(interval ?? "plain");
        const { run } = await interleave(2, { run: () => denoise(pipeline) });
        seconds[name] = least(run);
        await pipeline.close();
        say(`${name}: ${seconds[name]!.toFixed(1)} s`);
      }
      const figures: Figure[] = [{ what: "no plugin, denoising", value: seconds.plain!, unit: "s" }];
      for (const interval of intervals) {
        const share = await deepShare(config(interval));
        const reused = steps - Math.ceil(steps / interval);
        const byFlops = 1 / (1 - (share * reused) / steps);
        const byTime = seconds.plain! / seconds[interval]!;
        figures.push(
          {
            what: `interval ${interval}, speed-up`,
            value: byTime,
            unit: "times",
            target: { least: interval === 3 ? 2.2 : 3.1 },
          },
          {
            what: `interval ${interval}, compute realised`,
            value: (100 * byTime) / byFlops,
            unit: "%",
            target: { least: 92 },
          },
        );
      }
      return figures;
    }),
};

/** Share of a pass's FLOPs that lies in the region that DeepCache skips. */
async function deepShare(config: ConfigInput): Promise<number> {
  const { plugins, checkpoint } = await validateConfig(config);
  const component = checkpoint.component("unet");
  const weights = component.weights();
  const graph = Graph.create("unet", weights, noHooks);
  const parsed = unet2DCondition.parse(component.config);
  unet2DCondition.entries.forward!(graph, parsed);
  weights.close();
  const { parts } = planGraph(graph, regionClaims(plugins, unet2DCondition.structure!(parsed)));
  const deep = parts.flatMap((part) => (part.kind === "region" ? part.parts : []));
  const nodes = deep.flatMap((part) => (part.kind === "segment" ? part.segment.nodes : []));
  return countFlops(nodes, sizes).total / countFlops(graph.nodes, sizes).total;
}
