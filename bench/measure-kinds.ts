import { existsSync, rmSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { newGraph } from "@skipstep/contract/graph";
import { findQuantizer, openComponentWeights } from "@skipstep/core";
import type { Architecture, Floats, Sizes } from "@skipstep/core/model";
import { graphCost, graphPlugins, openGraph, openWeights, Runtime } from "@skipstep/core/model";
import type { OpenWeights } from "@skipstep/core/plugin";
import { openGguf } from "../plugins/gguf/src/container/gguf-weights";
import type { Figure, Say } from "./benchmark";
import type { Kind, UsedPlugin } from "./low-bit-kinds";
import { interleave, least, processorTimed, timed } from "./measure";
import { psnr } from "./psnr";
import { writeRandomModel } from "./random-checkpoint";
import { sizeOfFiles } from "./size-of-files";
import { someInputs } from "./some-inputs";
import { inTemporaryFolder } from "./temporary-folder";

export interface LowBitModel {
  readonly architecture: Architecture;
  readonly config: Readonly<Record<string, unknown>>;
  readonly sizes: Sizes;
}

/** A denoiser that is open. */
interface Runner {
  readonly run: () => Promise<Float32Array>;
  readonly close: () => Promise<void>;
  /** Bytes of all weights. */
  readonly memory: number;
  readonly disk: number;
  /** Bytes of a weight, of those that plugins took. */
  readonly each?: number;
}

/** What is measured: seconds, or processor seconds of an runtime of one thread. */
export type Clock = "wall" | "processor";

const rounds = 3;
const ggufFolder = fileURLToPath(new URL("../plugins/gguf", import.meta.url));

/** Each kind against float32, one beside it at a time: all of them do not fit everywhere. */
export function measureKinds(
  model: LowBitModel,
  kinds: readonly Kind[],
  say: Say,
  clock: Clock = "wall",
): Promise<Figure[]> {
  const seconds = clock === "wall" ? timed : processorTimed;
  return inTemporaryFolder(async (folder) => {
    const { architecture, config } = model;
    const checkpoint = join(folder, "checkpoint");
    const parameters = writeRandomModel(checkpoint, { architecture, config, dtype: "float16", has: () => true });
    say(`${(parameters / 1e6).toFixed(0)} million parameters`);
    const weights = openWeights(checkpoint);
    const runtime = await Runtime.start({ provider: "cpu", ...(clock === "wall" ? {} : { threads: 1 }) });
    try {
      const plain = await open(runtime, model, [], weights, join(folder, "float32"));
      const exact = await plain.run();
      const plainSeconds: number[] = [];
      const figures: Figure[] = [];
      for (const kind of kinds) {
        const own = join(folder, "kind");
        const packed =
          kind.gguf === undefined ? undefined : await asGguf(checkpoint, kind.gguf, `${own}-${kind.gguf}.gguf`);
        const runner = await open(runtime, model, kind.plugins, packed ?? weights, own);
        const output = await runner.run();
        const costs = await interleave(rounds, { plain: () => seconds(plain.run), kind: () => seconds(runner.run) });
        await runner.close();
        packed?.close();
        rmSync(own, { recursive: true });
        plainSeconds.push(...costs.plain);
        const found = figuresOf(kind, runner, psnr(output, exact), costs);
        figures.push(...found);
        say(found.map(({ what, value }) => `${what.slice(kind.title.length + 2)}: ${value.toFixed(2)}`).join("; "));
      }
      await plain.close();
      return [...costsOf("float32", least(plainSeconds), plain), ...figures];
    } finally {
      weights.close();
      await runtime.close();
    }
  });
}

async function open(
  runtime: Runtime,
  { architecture, config, sizes }: LowBitModel,
  plugins: readonly UsedPlugin[],
  weights: OpenWeights,
  cacheDir: string,
): Promise<Runner> {
  const { build: hooks } = graphPlugins("denoiser", plugins);
  const graph = newGraph({ component: "denoiser", weights, hooks });
  architecture.entries.forward!(graph, architecture.parse(config));
  hooks.graphBuilt(graph);
  for (const { plugin, weights: count, attentions, changes } of hooks.receipts)
    if (count + attentions + Object.keys(changes).length === 0) throw new Error(`${plugin} had nothing to do`);
  const program = await openGraph(runtime, graph, { identity: weights.identity(cacheDir), cacheDir });
  const inputs = someInputs(runtime, graph, sizes);
  const [stored, floats] = hooks.receipts.reduce(
    ([bytes, ofFloats], receipt) => [bytes + receipt.storedBytes, ofFloats + receipt.floatBytes],
    [0, 0] as [number, number],
  );
  return {
    run: () =>
      runtime.pass(async () => {
        const output = Object.values(await program.run(inputs))[0]!;
        return Float32Array.from(((await output.read()) as Floats).data);
      }),
    close: () => program.close(),
    memory: graphCost(graph, sizes).weightBytes,
    disk: sizeOfFiles(cacheDir),
    ...(floats === 0 ? {} : { each: stored / (floats / 4) }),
  };
}

function figuresOf(
  { title, speed, bytes }: Kind,
  runner: Runner,
  decibels: number,
  seconds: Readonly<Record<"plain" | "kind", readonly number[]>>,
): Figure[] {
  const [before, after] = [least(seconds.plain), least(seconds.kind)];
  const fast = speed === undefined ? {} : { target: { least: speed } };
  const small = bytes === undefined ? {} : { target: { most: bytes } };
  const each: Figure[] =
    runner.each === undefined
      ? []
      : [{ what: `${title}, a weight that was taken`, value: runner.each, unit: "bytes", ...small }];
  return [
    { what: `${title}, as fast as float32`, value: before / after, unit: "times", ...fast },
    ...costsOf(title, after, runner),
    ...each,
    { what: `${title}, PSNR of the output`, value: decibels, unit: "dB" },
  ];
}

function costsOf(title: string, seconds: number, { memory, disk }: Runner): Figure[] {
  return [
    { what: `${title}, one pass`, value: seconds, unit: "s" },
    { what: `${title}, weights in memory`, value: memory / 1e9, unit: "GB" },
    { what: `${title}, runtime on disk`, value: disk / 1e9, unit: "GB" },
  ];
}

/** The checkpoint's weights as `skipstep quantize --to gguf` writes them. */
async function asGguf(checkpoint: string, type: string, file: string): Promise<OpenWeights> {
  if (existsSync(file)) return openGguf({ path: file }); // by a kind before
  const { quantizer, options } = await findQuantizer(ggufFolder, { type }, ".");
  const { component, weights } = await openComponentWeights(checkpoint);
  const { signal } = new AbortController();
  const request = { component, weights, options, file, images: () => [], signal, onProgress: () => undefined };
  await quantizer.quantize(request).finally(() => weights.close());
  return openGguf({ path: file });
}
