import { join } from "node:path";
import { newGraph } from "@skipstep/contract/graph";
import type { Architecture, Sizes } from "@skipstep/core/model";
import { dit, type Graph, graphCost, openGraph, openWeights, Runtime, unet2DCondition } from "@skipstep/core/model";
import type { Benchmark, Figure, Say } from "./benchmark";
import { convGraph, matmulGraph } from "./kernel-rates";
import { interleave, least, timed } from "./measure";
import { writeRandomModel } from "./random-checkpoint";
import { sd15 } from "./sd15-configs";
import { someInputs } from "./some-inputs";
import { inTemporaryFolder } from "./temporary-folder";

interface Denoiser {
  readonly title: string;
  readonly architecture: Architecture;
  readonly config: Readonly<Record<string, unknown>>;
  /** Batch of 2 at 256 x 256: latents of 32 x 32. */
  readonly sizes: Sizes;
  /** Its usual MatMul and 3x3 convolution, whose rates it is held against. */
  readonly matmul: readonly [number, number, number];
  readonly conv?: readonly [number, number, number, number];
}

const denoisers: readonly Denoiser[] = [
  {
    title: "SD 1.5 U-Net",
    architecture: unet2DCondition,
    config: sd15.unet,
    sizes: { B: 2, h: 32, w: 32, S: 77 },
    matmul: [2048, 320, 2560],
    conv: [2, 640, 32, 32],
  },
  {
    title: "DiT-XL/2",
    architecture: dit,
    config: {
      num_attention_heads: 16,
      attention_head_dim: 72,
      in_channels: 4,
      out_channels: 8,
      num_layers: 28,
      sample_size: 32,
    },
    sizes: { B: 2, H: 32, W: 32 },
    matmul: [512, 1152, 4608],
  },
];

export const denoisersBenchmark: Benchmark = {
  name: "denoisers",
  about:
    "One pass of a denoiser with random weights, float32, batch 2, 256 x 256, against the time that its MatMul, attention and Conv would take at the rates of its usual MatMul and 3x3 convolution, each alone in a model in the same runtime, in turns, the least of each.",
  run: (say) =>
    inTemporaryFolder(async (folder) => {
      const runtime = await Runtime.start({ provider: "cpu" });
      try {
        const figures: Figure[] = [];
        for (const denoiser of denoisers)
          figures.push(...(await measure(runtime, join(folder, denoiser.title), denoiser, say)));
        return figures;
      } finally {
        await runtime.close();
      }
    }),
};

async function measure(runtime: Runtime, folder: string, denoiser: Denoiser, say: Say): Promise<Figure[]> {
  const { title, architecture, config, sizes, matmul, conv } = denoiser;
  const parameters = writeRandomModel(folder, { architecture, config, dtype: "float16", has: () => true });
  say(`${title}: ${(parameters / 1e6).toFixed(0)} million parameters`);
  const weights = openWeights(folder);
  const model = newGraph({ component: "denoiser", weights });
  architecture.entries.forward!(model, architecture.parse(config));
  const cache = join(folder, "cache");
  const runner = async (graph: Graph, identity: string): Promise<() => Promise<number>> => {
    const program = await openGraph(runtime, graph, { identity, cacheDir: cache });
    const inputs = someInputs(runtime, graph, sizes);
    return () =>
      timed(() => runtime.pass(async () => void (await Object.values(await program.run(inputs))[0]!.read())));
  };
  const kernels = { matmul: matmulGraph(weights, matmul), ...(conv ? { conv: convGraph(weights, conv) } : {}) };
  const step = await runner(model, weights.identity(cache));
  const kernelRuns = await Promise.all(Object.values(kernels).map((graph) => runner(graph, graph.component)));
  weights.close();
  await step();
  const rounds = await interleave(6, {
    step,
    ...Object.fromEntries(
      kernelRuns.map((run, i) => [
        Object.keys(kernels)[i]!,
        async () => least(Object.values(await interleave(8, { run })).flat()),
      ]),
    ),
  });
  const seconds = rounds as Record<"step" | "matmul" | "conv", number[]>;
  const rates = Object.fromEntries(
    Object.entries(kernels).map(([name, graph]) => [
      name,
      graphCost(graph, {}).flops.total / least(seconds[name as "conv"]),
    ]),
  );
  const { byOp, total } = graphCost(model, sizes).flops;
  const convFlops = conv ? (byOp.Conv ?? 0) : 0;
  const possible = convFlops / (rates.conv ?? 1) + (total - convFlops) / rates.matmul!;
  return [
    { what: `${title}, one pass`, value: least(seconds.step), unit: "s" },
    { what: `${title}, work of a pass at the kernels' rates`, value: possible, unit: "s" },
    ...Object.entries(rates).map(
      ([name, rate]): Figure => ({ what: `${title}, ${name} alone`, value: rate / 1e9, unit: "GFLOP/s" }),
    ),
    {
      what: `${title}, share of the kernels' rates`,
      value: (100 * possible) / least(seconds.step),
      unit: "%",
      target: { least: 85 },
    },
  ];
}
