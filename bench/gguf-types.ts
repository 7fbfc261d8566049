import { join } from "node:path";
import { newGraph } from "@skipstep/contract/graph";
import type { Floats, Value } from "@skipstep/core/model";
import { type Graph, openGraph, Runtime } from "@skipstep/core/model";
import { transposed, type Weight } from "@skipstep/core/plugin";
import { blockTypeNamed, blockTypes } from "../plugins/gguf/src/block-types";
import { type BlockType, dequantize } from "../plugins/gguf/src/blocks/block-type";
import { packedForm } from "../plugins/gguf/src/packed-form";
import { someBlocks } from "../plugins/gguf/test/some-blocks";
import type { Benchmark, Figure } from "./benchmark";
import { errorOf, interleave, least, processorTimed } from "./measure";
import { someInputs } from "./some-inputs";
import { inTemporaryFolder } from "./temporary-folder";

const [columns, rows] = [1280, 3328];
const usualTokens = 1056;
const rounds = 16;
const kernels = ["exact", "int8"] as const;

export const ggufTypesBenchmark: Benchmark = {
  name: "gguf-types",
  about: `One linear layer of ${columns} to ${rows} with ${usualTokens} tokens, its weight in each of GGUF's block types (blocks of any content), by the gguf plugin's kernels against float32: processor time on one thread, because other work does not count there, in turns, the least of ${rounds}. Errors are the largest difference to float32 with the dequantized weight, as a part of the largest output.`,
  run: (say) =>
    withRuntime(async (runtime, folder) => {
      const figures: Figure[] = [];
      for (const type of blockTypes) {
        const found = await measureType(runtime, type, usualTokens, join(folder, type.name));
        figures.push(...found);
        say(found.map(({ what, value, unit }) => `${what}: ${value.toFixed(3)} ${unit}`).join("; "));
      }
      return figures;
    }),
};

export const ggufTokensBenchmark: Benchmark = {
  name: "gguf-tokens",
  about:
    "The layer of `gguf-types` with other numbers of tokens, by the gguf plugin's exact kernels, measured in the same way. Multiplying with a weight that is not laid out for it beforehand takes some percent longer, whatever their number.",
  run: (say) =>
    withRuntime(async (runtime, folder) => {
      const figures: Figure[] = [];
      for (const tokens of [256, 4096])
        for (const name of ["Q4_0", "Q8_0", "Q5_K"]) {
          const found = await measureType(runtime, blockTypeNamed(name)!, tokens, join(folder, name));
          const speed = found.find(({ what }) => what === `${name}, as fast as float32`)!;
          const target = tokens === 4096 ? { target: { least: 0.9 } } : {};
          figures.push({ what: `${speed.what}, ${tokens} tokens`, value: speed.value, unit: speed.unit, ...target });
          say(`${name}, ${tokens} tokens: ${speed.value.toFixed(3)}`);
        }
      return figures;
    }),
};

async function withRuntime(run: (runtime: Runtime, folder: string) => Promise<Figure[]>): Promise<Figure[]> {
  const runtime = await Runtime.start({ provider: "cpu", threads: 1 });
  return inTemporaryFolder((folder) => run(runtime, folder)).finally(() => runtime.close());
}

async function measureType(runtime: Runtime, type: BlockType, tokens: number, folder: string): Promise<Figure[]> {
  const weight = weightOf(type);
  const forms = kernels.map((kernel) => packedForm(weight, type, kernel)!);
  const plain = await open(runtime, tokens, folder, (g, x) => g.matmul(x, emitFloats(g, weight.read())));
  const [exact, int8] = [
    await open(runtime, tokens, folder, forms[0]!.emit),
    await open(runtime, tokens, folder, forms[1]!.emit),
  ];
  const expected = await plain.output();
  const errors = [errorOf(await exact.output(), expected), errorOf(await int8.output(), expected)] as const;
  const seconds = await interleave(rounds, { plain: plain.cost, exact: exact.cost, int8: int8.cost });
  for (const layer of [plain, exact, int8]) await layer.close();
  const speed = (kernel: "exact" | "int8"): number => least(seconds.plain) / least(seconds[kernel]);
  const { name } = type;
  return [
    { what: `${name}, a weight`, value: forms[0]!.byteLength / (rows * columns), unit: "bytes" },
    { what: `${name}, as fast as float32`, value: speed("exact"), unit: "times", target: { least: 0.9 } },
    { what: `${name}, error`, value: 1e6 * errors[0], unit: "ppm", target: { most: 100 } },
    { what: `${name} by int8, as fast as float32`, value: speed("int8"), unit: "times" },
    { what: `${name} by int8, error`, value: 1e6 * errors[1], unit: "ppm" },
  ];
}

/** The same few rows again and again: what is in them does not change the time. */
function weightOf(type: BlockType): Weight {
  const some = someBlocks(type, 16, columns);
  const blocks = Buffer.concat(Array.from({ length: rows / 16 }, () => some));
  return {
    name: "weight",
    component: "denoiser",
    role: "linear",
    shape: [rows, columns],
    dtype: "float32",
    key: type.name,
    packed: {
      format: `gguf:${type.name}`,
      byteLength: blocks.length,
      parameters: { type: type.name },
      tensors: {
        blocks: { dtype: "uint8", shape: [rows, blocks.length / rows], read: () => ({ data: blocks }) as never },
      },
    },
    input: undefined as never, // nothing reads it
    read: () => dequantize(type, blocks),
  };
}

function emitFloats(g: Graph, values: Float32Array): Value {
  const data = transposed(values, rows, columns);
  const bytes = (): Uint8Array => new Uint8Array(data.buffer);
  return g.initializer({ key: "floats", label: "floats", byteLength: data.byteLength, bytes }, [columns, rows]);
}

/** A model of one layer. */
interface Layer {
  /** Runs it, and answers with the processor time in seconds. */
  cost(): Promise<number>;
  /** `[tokens, rows]` */
  output(): Promise<Float32Array>;
  close(): Promise<void>;
}

async function open(
  runtime: Runtime,
  tokens: number,
  folder: string,
  emit: (g: Graph, x: Value, bias: undefined) => Value,
): Promise<Layer> {
  const g = newGraph({ component: "denoiser" });
  const y = emit(g, g.input("x", [tokens, columns]), undefined);
  g.output("y", y);
  g.output("one", g.slice(g.slice(y, 0, 0, 1), 1, 0, 1)); // copied out when all is done
  const program = await openGraph(runtime, g, { identity: "gguf-types", cacheDir: folder });
  const inputs = someInputs(runtime, g, {});
  const run = (name: "y" | "one"): Promise<Float32Array> =>
    runtime.pass(async () => Float32Array.from(((await (await program.run(inputs))[name]!.read()) as Floats).data));
  return {
    output: () => run("y"),
    close: () => program.close(),
    cost: () => processorTimed(() => run("one")),
  };
}
