import { join } from "node:path";
import { Weights } from "../packages/core/src/checkpoint/weights";
import { noHooks } from "../packages/core/src/compiler/build-hooks";
import { Engine } from "../packages/core/src/engine/engine";
import type { BuildHooks } from "../packages/core/src/graph/build-hooks";
import { Graph } from "../packages/core/src/graph/graph";
import { dit } from "../packages/core/src/models/dit";
import type { Floats } from "../packages/core/src/tensor";
import { Bnb, type BnbOptions } from "../plugins/bnb/src/index";
import { options as schema } from "../plugins/bnb/src/options";
import type { Benchmark, Figure, Say } from "./benchmark";
import { interleave, least, timed } from "./measure";
import { openGraph, someInputs } from "./open-graph";
import { writeRandomModel } from "./random-checkpoint";
import { ditXl2 } from "./random-dit";
import { inTemporaryFolder } from "./temporary-folder";

interface Kind {
  readonly title: string;
  readonly options: Partial<BnbOptions>;
  /** Times as fast as float32. */
  readonly speed: number;
  /** Bytes of a weight. */
  readonly bytes?: number;
}

const kinds: readonly Kind[] = [
  { title: "8 bits, no outliers", options: { load_in_8bit: true, llm_int8_threshold: 0 }, speed: 2.6 },
  { title: "8 bits, outliers from 6 on", options: { load_in_8bit: true }, speed: 2 },
  { title: "NF4, exact", options: { load_in_4bit: true, bnb_4bit_quant_type: "nf4" }, speed: 1, bytes: 0.6 },
  { title: "4 bits, int8 kernel", options: { load_in_4bit: true, bnb_4bit_kernel: "int8" }, speed: 1, bytes: 0.6 },
  {
    title: "4 bits, int8 kernel, blocks of 128",
    options: { load_in_4bit: true, bnb_4bit_kernel: "int8", bnb_4bit_blocksize: 128 },
    speed: 1,
    bytes: 0.6,
  },
];

const sizes = { B: 2, H: 32, W: 32 };

export const bnbBenchmark: Benchmark = {
  name: "bnb",
  about:
    "One pass of DiT-XL/2 with random weights, batch 2, 256 x 256, float32 against what the bnb plugin makes of its linear layers, each kind in turns with float32, the least of each. The error is that of the output, against float32's.",
  run: (say) =>
    inTemporaryFolder(async (folder) => {
      const engine = await Engine.start({ provider: "cpu" });
      try {
        return await measure(engine, join(folder, "dit"), say);
      } finally {
        await engine.close();
      }
    }),
};

async function measure(engine: Engine, folder: string, say: Say): Promise<Figure[]> {
  const parameters = writeRandomModel(folder, { architecture: dit, config: ditXl2, dtype: "float16", has: () => true });
  say(`${(parameters / 1e6).toFixed(0)} million parameters`);
  const weights = Weights.open(folder);
  const open = async (hooks: BuildHooks): Promise<() => Promise<Float32Array>> => {
    const graph = Graph.create("denoiser", weights, hooks);
    dit.entries.forward!(graph, dit.parse(ditXl2));
    const program = await openGraph(engine, graph, weights.identity(folder), join(folder, "cache"));
    const inputs = someInputs(engine, graph, sizes);
    const run = async (): Promise<Float32Array> => {
      const output = Object.values(await program.run(inputs))[0]!;
      return ((await output.read()) as Floats).data;
    };
    let result = new Float32Array();
    return async () => {
      await engine.pass(async () => {
        result = Float32Array.from(await run());
      });
      return result;
    };
  };
  const plain = await open(noHooks);
  const exact = await plain();
  const figures: Figure[] = [];
  for (const { title, options, speed, bytes } of kinds) {
    const plugin = new Bnb(filled(options));
    let [stored, count] = [0, 0];
    const run = await open({
      ...noHooks,
      weightLoad: (weight) => {
        const form = plugin.weightLoad(weight);
        stored += form?.byteLength ?? 0;
        count += form ? weight.shape.reduce((product, dim) => product * dim, 1) : 0;
        return form;
      },
    });
    const error = relativeError(await run(), exact);
    const seconds = await interleave(5, { plain: () => timed(plain), kind: () => timed(run) });
    say(`${title}: ${least(seconds.kind).toFixed(2)} s, float32 ${least(seconds.plain).toFixed(2)} s`);
    figures.push(
      {
        what: `${title}, as fast as float32`,
        value: least(seconds.plain) / least(seconds.kind),
        unit: "times",
        target: { least: speed },
      },
      { what: `${title}, one pass`, value: least(seconds.kind), unit: "s" },
      {
        what: `${title}, size of a weight against one byte`,
        value: stored / count,
        unit: "times",
        ...(bytes === undefined ? {} : { target: { most: bytes } }),
      },
      { what: `${title}, relative error of the output`, value: 100 * error, unit: "%" },
    );
  }
  weights.close();
  return figures;
}

function filled(given: Partial<BnbOptions>): BnbOptions {
  const properties = schema.properties as Readonly<Record<string, { default: unknown }>>;
  const defaults = Object.entries(properties).map(([key, value]) => [key, value.default]);
  return { ...Object.fromEntries(defaults), ...given } as BnbOptions;
}

/** Root mean square of the difference over that of the values. */
function relativeError(found: Float32Array, exact: Float32Array): number {
  const squares = (values: Float32Array): number => values.reduce((sum, value) => sum + value ** 2, 0);
  return Math.sqrt(squares(found.map((value, i) => value - exact[i]!)) / squares(exact));
}
