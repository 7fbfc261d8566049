import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { Architecture } from "../src/architecture/architecture";
import { Graph } from "../src/graph/graph";
import type { Tensor } from "../src/tensor";
import type { WeightSource } from "../src/weights/checkpoint/weights";
import { readSafetensors } from "./read-safetensors";

const noPlugins = { weightLoad: () => undefined, attention: () => undefined };

/** The graph of one function of the model in a component folder (`config.json` and one safetensors file), without plugins. */
export function buildGraph(architecture: Architecture, entry: string, folder: string): Graph {
  const g = Graph.create("component", openWeights(folder), noPlugins);
  architecture.entries[entry]!(g, architecture.parse(readConfig(folder)));
  return g;
}

export function readConfig(folder: string): Record<string, unknown> {
  return JSON.parse(readFileSync(join(folder, "config.json"), "utf8"));
}

function openWeights(folder: string): WeightSource {
  const names = ["diffusion_pytorch_model.safetensors", "model.safetensors"].map((name) => join(folder, name));
  return weightsOf(readSafetensors(names.find((name) => existsSync(name))!));
}

/** As much of a checkpoint as building and writing a graph calls. */
function weightsOf(tensors: ReadonlyMap<string, Tensor>): WeightSource {
  const entry = (name: string): Tensor => {
    const tensor = tensors.get(name);
    if (!tensor) throw new Error(`no tensor ${name}`);
    return tensor;
  };
  const source = {
    has: (name: string) => tensors.has(name),
    entry,
    expect: (name: string, shape: readonly number[]) => {
      if (entry(name).shape.join() !== shape.join())
        throw new Error(`${name}: [${entry(name).shape}] is not [${shape}]`);
      return entry(name);
    },
    readFloat32: (name: string) => widened(entry(name)),
  };
  return source as unknown as WeightSource;
}

function widened({ dtype, data }: Tensor): Float32Array {
  if (data instanceof Float32Array) return data;
  if (dtype === "float16" && data instanceof Uint16Array) return Float32Array.from(data, halfToFloat);
  throw new Error(`${dtype} weights`);
}

function halfToFloat(bits: number): number {
  const [sign, exponent, fraction] = [bits & 0x8000 ? -1 : 1, (bits >> 10) & 31, bits & 1023];
  if (exponent === 31) return fraction ? Number.NaN : sign * Number.POSITIVE_INFINITY;
  return sign * (exponent === 0 ? fraction * 2 ** -24 : (1 + fraction / 1024) * 2 ** (exponent - 15));
}
