import { join } from "node:path";
import { newGraph } from "@skipstep/contract/graph";
import { graphCost, graphPlugins, openGraph, openWeights, Runtime, unet2DCondition } from "@skipstep/core/model";
import { ToMe, type ToMeOptions } from "../plugins/tome/src/index";
import type { Benchmark, Figure, Say } from "./benchmark";
import { interleave, least, processorTimed } from "./measure";
import { writeRandomModel } from "./random-checkpoint";
import { sd15 } from "./sd15-configs";
import { someInputs } from "./some-inputs";
import { inTemporaryFolder } from "./temporary-folder";

const ROUNDS = 3;
const sizes = { B: 1, h: 64, w: 64, S: 77 };

/** All of ratio 0.5; nothing is merged without options. */
const kinds: Readonly<Record<string, Partial<ToMeOptions> | undefined>> = {
  "no plugin": undefined,
  "self-attention at full resolution (the defaults)": {},
  "all modules at full resolution": { merge_crossattn: true, merge_mlp: true },
  "all modules, max_downsample 2": { merge_crossattn: true, merge_mlp: true, max_downsample: 2 },
};
const boldest = Object.keys(kinds).at(-1);

export const tomeBenchmark: Benchmark = {
  name: "tome",
  about: `One pass over a U-Net of Stable Diffusion 1.5's size with random weights, 512 x 512, one image, float32, one thread: processor time, all kinds in turns, the least of ${ROUNDS}. Ratio 0.5, cells of 2 x 2. Which tokens are merged does not change the time.`,
  run: (say) => inTemporaryFolder((folder) => measure(folder, say)),
};

async function measure(folder: string, say: Say): Promise<Figure[]> {
  const has = (name: string): boolean => !/\.(query|key|value|proj_attn)\./.test(name);
  writeRandomModel(folder, { architecture: unet2DCondition, config: sd15.unet, dtype: "float16", has });
  const weights = openWeights(folder);
  const runtime = await Runtime.start({ provider: "cpu", threads: 1 });
  try {
    const flops: Record<string, number> = {};
    const runs: Record<string, () => Promise<number>> = {};
    for (const [kind, options] of Object.entries(kinds)) {
      const plugins = graphPlugins("unet", options ? [{ use: ToMe, options }] : []);
      const graph = newGraph({ component: "unet", weights, hooks: plugins.build });
      unet2DCondition.entries.forward!(graph, unet2DCondition.parse(sd15.unet));
      flops[kind] = graphCost(graph, sizes).flops.total;
      const program = await openGraph(runtime, graph, { identity: "unet", cacheDir: join(folder, "cache") });
      const inputs = someInputs(runtime, graph, sizes);
      const pass = (): Promise<void> =>
        runtime.pass(async () => void (await Object.values(await program.run(inputs))[0]!.read()));
      runs[kind] = async () => {
        const seconds = await processorTimed(pass);
        say(`${kind}: ${seconds.toFixed(2)} s`);
        return seconds;
      };
      await pass(); // reads the weights
    }
    const seconds = await interleave(ROUNDS, runs);
    const [plain, ...others] = Object.keys(kinds) as [string, ...string[]];
    return [
      { what: plain, value: least(seconds[plain]!), unit: "s" },
      ...others.flatMap((kind): Figure[] => [
        {
          what: `${kind}, as fast as without`,
          value: least(seconds[plain]!) / least(seconds[kind]!),
          unit: "times",
          ...(kind === boldest ? { target: { least: 1.25 } } : {}),
        },
        { what: `${kind}, FLOPs`, value: (100 * flops[kind]!) / flops[plain]!, unit: "%" },
      ]),
    ];
  } finally {
    weights.close();
    await runtime.close();
  }
}
