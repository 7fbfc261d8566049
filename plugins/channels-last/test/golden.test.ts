import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { buildGraph, expectClose, readSafetensors, runGraph } from "@skipstep/contract/graph";
import type { Architecture, Graph, Tensor, Value } from "@skipstep/core/model";
import { autoencoderKl, autoencoderTiny, sizeOf, unet2DCondition } from "@skipstep/core/model";
import { describe, expect, it } from "vitest";
import { putChannelsLast } from "../src/channels-last-graph";

const root = process.env.SKIPSTEP_GOLDEN ?? join(import.meta.dirname, "../../../test/golden");
const architectures = [unet2DCondition, autoencoderKl, autoencoderTiny];
/** What the golden files call the outputs of a model's functions, in order. */
const outputs: Readonly<Record<string, Readonly<Record<string, readonly string[]>>>> = {
  UNet2DConditionModel: { forward: ["out.0"] },
  AutoencoderKL: { encode: ["out.0", "out.1"], decode: ["out.2"] },
  AutoencoderTiny: { encode: ["out.0"], decode: ["out.1"] },
};

function foldersIn(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) =>
    entry.isDirectory() ? [join(folder, entry.name), ...foldersIn(join(folder, entry.name))] : [],
  );
}

const cases = foldersIn(root).flatMap((folder) => {
  if (!["about.json", "io.safetensors", "config.json"].every((name) => existsSync(join(folder, name)))) return [];
  const { class_ } = JSON.parse(readFileSync(join(folder, "about.json"), "utf8")) as { class_?: string };
  const architecture = architectures.find(({ className }) => className === class_);
  return architecture
    ? [{ name: folder.slice(root.length + 1), folder, architecture: architecture as Architecture }]
    : [];
});

describe("networks with their channels last", () => {
  it("are found among the golden data", () => expect(cases.length).toBeGreaterThan(3));

  it.each(cases)("give what the reference gives: $name", async ({ folder, architecture }) => {
    const io = readSafetensors(join(folder, "io.safetensors"));
    for (const [entry, names] of Object.entries(outputs[architecture.className]!)) {
      const graph = buildGraph(architecture, folder, { entry });
      const before = new Map(graph.taps);
      expect(putChannelsLast(graph)?.transposes, entry).toBe(0);
      const inputs = Object.fromEntries(graph.inputs.map((input) => [input.name, given(io, input)]));
      const found = await runGraph(graph, inputs, { taps: true });
      for (const [tap, value] of graph.taps) {
        const reference = io.get(`tap.${tap}`);
        const isTurned = value !== before.get(tap) && value.shape.length === 4;
        if (reference) expectClose(`tap ${tap}`, isTurned ? channelsFirst(found[tap]!) : found[tap]!, reference);
      }
      for (const [i, { name }] of graph.outputs.entries()) expectClose(name, found[name]!, io.get(names[i]!)!);
      expect(carriersOf(graph).every(({ shape }) => shape.length < 4 || typeof shape.at(-1) === "number")).toBe(true);
    }
  });
});

/** What streams are, in which layout plugins see them: the number of channels is known, height and width are not. */
function carriersOf(graph: Graph): Value[] {
  return [...graph.labels.keys()];
}

/** The reference takes whole numbers for timesteps, too, one for all images, and no guidance, which adds nothing. */
function given(io: ReadonlyMap<string, Tensor>, { name, dtype, shape }: Value): Tensor {
  const first = [...io].find(([key]) => key.startsWith("in."))![1];
  const tensor = io.get(`in.${name}`);
  const dims =
    tensor && (shape.length > 1 || tensor.shape.length > 0)
      ? tensor.shape
      : [first.shape[0]!, ...shape.slice(1).map(Number)];
  if (tensor && dtype !== "float32") return tensor;
  const values = tensor
    ? Float32Array.from(tensor.data as ArrayLike<number | bigint>, Number)
    : new Float32Array(sizeOf(dims));
  const isForAll = shape.length === 1 && values.length !== first.shape[0];
  return isForAll
    ? { dtype, shape: [first.shape[0]!], data: new Float32Array(first.shape[0]!).fill(values[0]!) }
    : { dtype, shape: dims, data: values };
}

function channelsFirst({ dtype, shape, data }: Tensor): Tensor {
  const [batch, height, width, channels] = shape as [number, number, number, number];
  const result = new Float32Array(data.length);
  let to = 0;
  for (let b = 0; b < batch; b++)
    for (let c = 0; c < channels; c++)
      for (let p = 0; p < height * width; p++) result[to++] = Number(data[(b * height * width + p) * channels + c]);
  return { dtype, shape: [batch, channels, height, width], data: result };
}
