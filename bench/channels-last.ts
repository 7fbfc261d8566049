import { join } from "node:path";
import { Weights } from "../packages/core/src/checkpoint/weights";
import { noHooks } from "../packages/core/src/compiler/build-hooks";
import { Engine } from "../packages/core/src/engine/engine";
import { Graph } from "../packages/core/src/graph/graph";
import { unet2DCondition } from "../packages/core/src/models/unet-2d-condition";
import type { Plugin } from "../packages/core/src/plugins/plugin";
import type { Floats } from "../packages/core/src/tensor";
import { Bnb, type BnbOptions } from "../plugins/bnb/src/index";
import { options as bnbSchema } from "../plugins/bnb/src/options";
import { ChannelsLast } from "../plugins/channels-last/src/index";
import type { Benchmark, Figure, Say } from "./benchmark";
import { interleave, least, timed } from "./measure";
import { openGraph, someInputs } from "./open-graph";
import { writeRandomModel } from "./random-checkpoint";
import { sd15 } from "./sd15-configs";
import { inTemporaryFolder } from "./temporary-folder";

interface Kind {
  readonly title: string;
  readonly plugins: () => readonly Plugin[];
  /** Times as fast as float32 with channels first. */
  readonly speed: number;
}

const float = (): Plugin => new ChannelsLast({ int8: "off", skip_ends: true, skip_modules: [] });
const int8 = (): Plugin => new ChannelsLast({ int8: "dynamic", skip_ends: true, skip_modules: [] });
const linears = (): Plugin =>
  new Bnb({ ...(defaultsOf(bnbSchema.properties) as BnbOptions), load_in_8bit: true, llm_int8_threshold: 0 });

const kinds: readonly Kind[] = [
  { title: "float32", plugins: () => [float()], speed: 0.95 },
  { title: "int8", plugins: () => [int8()], speed: 1.4 },
  { title: "int8, linear layers in bnb's 8 bits", plugins: () => [int8(), linears()], speed: 2 },
];

const sizes = { B: 2, h: 32, w: 32, S: 77 };

export const channelsLastBenchmark: Benchmark = {
  name: "channels-last",
  about:
    "One pass of SD 1.5's U-Net with random weights, batch 2, 256 x 256, with its channels last against float32 with its channels first, each in turns with that, the least of each. The error is that of the output, against float32's; random weights amplify it.",
  run: (say) =>
    inTemporaryFolder(async (folder) => {
      const engine = await Engine.start({ provider: "cpu" });
      try {
        return await measure(engine, join(folder, "unet"), say);
      } finally {
        await engine.close();
      }
    }),
};

async function measure(engine: Engine, folder: string, say: Say): Promise<Figure[]> {
  const config = sd15.unet;
  writeRandomModel(folder, { architecture: unet2DCondition, config, dtype: "float16", has: () => true });
  const weights = Weights.open(folder);
  const figures: Figure[] = [];
  const open = async (plugins: readonly Plugin[]): Promise<Runner> => {
    const graph = Graph.create("unet", weights, {
      ...noHooks,
      weightLoad: (weight, g) => {
        for (const plugin of plugins) {
          const form = plugin.weightLoad?.(weight, g);
          if (form) return form;
        }
        return undefined;
      },
    });
    unet2DCondition.entries.forward!(graph, unet2DCondition.parse(config));
    for (const plugin of plugins) say(JSON.stringify(plugin.graphBuilt?.(graph) ?? {}));
    const program = await openGraph(engine, graph, weights.identity(folder), join(folder, "cache"));
    const inputs = someInputs(engine, graph, sizes);
    return {
      run: () =>
        engine.pass(async () => Float32Array.from(((await (await program.run(inputs)).sample!.read()) as Floats).data)),
      close: () => program.close(),
    };
  };
  const plain = await open([]);
  const exact = await plain.run();
  // One beside float32 at a time: all of them do not fit everywhere.
  for (const { title, plugins, speed } of kinds) {
    const kind = await open(plugins());
    const error = relativeError(await kind.run(), exact);
    const seconds = await interleave(4, { plain: () => timed(plain.run), kind: () => timed(kind.run) });
    await kind.close();
    const [before, after] = [least(seconds.plain), least(seconds.kind)];
    say(`${title}: ${after.toFixed(2)} s, channels first ${before.toFixed(2)} s`);
    figures.push(
      { what: `${title}, as fast as channels first`, value: before / after, unit: "times", target: { least: speed } },
      { what: `${title}, one pass`, value: after, unit: "s" },
      { what: `${title}, relative error of the output`, value: 100 * error, unit: "%" },
    );
  }
  await plain.close();
  weights.close();
  return figures;
}

interface Runner {
  readonly run: () => Promise<Float32Array>;
  readonly close: () => Promise<void>;
}

function defaultsOf(properties: Readonly<Record<string, { readonly default: unknown }>>): object {
  return Object.fromEntries(Object.entries(properties).map(([key, option]) => [key, option.default]));
}

function relativeError(found: Float32Array, expected: Float32Array): number {
  let [error, whole] = [0, 0];
  for (const [i, value] of expected.entries()) {
    error += (found[i]! - value) ** 2;
    whole += value ** 2;
  }
  return Math.sqrt(error / whole);
}
