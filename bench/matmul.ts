import { join } from "node:path";
import { newGraph, readConfig } from "@skipstep/contract/graph";
import type { Sizes } from "@skipstep/core/model";
import { floats, type Graph, graphCost, openGraph, openWeights, Runtime, zImage } from "@skipstep/core/model";
import type { Benchmark, Figure, Say } from "./benchmark";
import { matmulGraph } from "./kernel-rates";
import { interleave, least, timed } from "./measure";
import { writeRandomZImage } from "./random-z-image";
import { someInputs } from "./some-inputs";
import { inTemporaryFolder } from "./temporary-folder";

const dim = 1280;
const hidden = Math.trunc((dim / 3) * 8);

export const matmulBenchmark: Benchmark = {
  name: "matmul",
  about:
    "How much of the machine's MatMul rate a transformer reaches: one step at 512 x 512 of a Z-Image transformer of width 1280 with 16 layers, float32, against a model of one MatMul (the feed-forward layer's, with the step's tokens), run as often as makes the same work, in the same runtime, in turns, the least of each. FLOPs are those of MatMul, attention and Conv.",
  run: (say) =>
    inTemporaryFolder(async (folder) => {
      writeRandomZImage(folder, { dim, n_layers: 16, dtype: "float16" });
      const runtime = await Runtime.start({ provider: "cpu" });
      try {
        return [...(await rates(runtime, folder, 1, say)), ...(await rates(runtime, folder, 2, say))];
      } finally {
        await runtime.close();
      }
    }),
};

async function rates(runtime: Runtime, folder: string, batch: number, say: Say): Promise<Figure[]> {
  const [side, captions] = [32, 32];
  const tokens = side * side + captions;
  const sizes = { B: batch, h: side, w: side, L: captions, T: tokens };
  const cache = join(folder, "cache");
  const weights = openWeights(join(folder, "transformer"));
  const model = newGraph({ component: "transformer", weights });
  zImage.entries.forward!(model, zImage.parse(readConfig(join(folder, "transformer"))));
  const single = matmulGraph(weights, [batch * tokens, dim, hidden]);
  const step = await runner(runtime, model, weights.identity(cache), cache, sizes);
  const matmul = await runner(runtime, single, "matmul", cache, {});
  weights.close();
  const [stepFlops, matmulFlops] = [graphCost(model, sizes).flops.total, graphCost(single, {}).flops.total];
  const repeats = Math.round(stepFlops / matmulFlops);
  // As many as make a step's work: whatever else the machine does has the same time to get in the way.
  const matmuls = async (): Promise<number> => {
    let sum = 0;
    for (let i = 0; i < repeats; i++) sum += await matmul();
    return sum;
  };
  await interleave(1, { step, matmuls: matmul });
  const seconds = await interleave(8 / batch + 2, { step, matmuls });
  const reached = stepFlops / least(seconds.step) / 1e9;
  const possible = (repeats * matmulFlops) / least(seconds.matmuls) / 1e9;
  say(`batch ${batch}: a step takes ${least(seconds.step).toFixed(2)} s`);
  return [
    { what: `batch ${batch}, one MatMul`, value: possible, unit: "GFLOP/s" },
    { what: `batch ${batch}, one step`, value: reached, unit: "GFLOP/s" },
    {
      what: `batch ${batch}, share of the MatMul rate`,
      value: (100 * reached) / possible,
      unit: "%",
      target: { least: 85 },
    },
  ];
}

/** A function that runs a graph once and answers with the seconds. */
async function runner(
  runtime: Runtime,
  graph: Graph,
  identity: string,
  cache: string,
  sizes: Sizes,
): Promise<() => Promise<number>> {
  const program = await openGraph(runtime, graph, { identity, cacheDir: cache });
  const inputs = someInputs(runtime, graph, sizes);
  const nothing = runtime.upload(floats([1]), { keep: true });
  return () =>
    timed(() =>
      runtime.pass(async () => {
        await program.run(inputs);
        await nothing.read(); // comes when the run is done, without the copy that an output is
      }),
    );
}
