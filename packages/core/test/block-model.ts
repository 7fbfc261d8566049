import type { BuildHooks } from "../src/graph/build-hooks";
import { size } from "../src/graph/dim";
import { Graph } from "../src/graph/graph";
import { linear } from "../src/graph/layers";
import { type Floats, floats, type Tensor } from "../src/tensor";
import type { WeightSource } from "../src/weights/checkpoint/weights";
import { memoryWeights, wave } from "./memory-weights";

const noPlugins: BuildHooks = { weightLoad: () => undefined, attention: () => undefined };

/** Model width, and the width of what comes out. */
export const width = 64;
export const outWidth = 300;

/** Weights of the block model: 16 KB and 256 bytes a layer, 76.8 KB at its end. */
export function blockWeights(layers: number): Record<string, Tensor<Float32Array>> {
  const tensors: Record<string, Tensor<Float32Array>> = {
    position: wave([1, 1, width], 1),
    "proj_out.weight": wave([outWidth, width], 2),
  };
  for (let i = 0; i < layers; i++) {
    tensors[`layers.${i}.fc.weight`] = wave([width, width], 3 + i);
    tensors[`layers.${i}.fc.bias`] = wave([width], 50 + i);
  }
  return tensors;
}

/** `x + position`, some blocks `x + silu(fc(x)) / 8`, a projection. Reads `[B, T, 64]`, gives `[B, T, 300]`. */
export function blockGraph(layers: number, weights: WeightSource = memoryWeights(blockWeights(layers))): Graph {
  const g = Graph.create("transformer", weights, noPlugins);
  const [batch, tokens] = [size("B"), size("T")];
  const x = g.input("x", [batch, tokens, width]);
  const position = g.expand(g.weight("position", [1, 1, width]), [batch, tokens, width]);
  let streams = { hidden: g.scope("embed").add(x, position) };
  for (let i = 0; i < layers; i++)
    streams = g.block(`layers.${i}`, streams, (inner, { hidden }) => ({
      hidden: inner.add(hidden, inner.mul(inner.silu(linear(inner, "fc", hidden, width)), inner.constant(1 / 8))),
    }));
  g.output("sample", linear(g, "proj_out", streams.hidden, outWidth, { bias: false }));
  return g;
}

/** The block model in plain TypeScript, in double precision. */
export function blockModel(layers: number, x: Floats, tensors = blockWeights(layers)): Floats {
  const rows = x.data.length / width;
  const result = floats([...x.shape.slice(0, -1), outWidth]);
  for (let row = 0; row < rows; row++) {
    const position = tensors.position!.data;
    let hidden = Array.from(position, (value, i) => value + x.data[row * width + i]!);
    for (let i = 0; i < layers; i++) {
      const bias = tensors[`layers.${i}.fc.bias`]!.data;
      const fc = product(tensors[`layers.${i}.fc.weight`]!, hidden).map((value, j) => value + bias[j]!);
      hidden = hidden.map((value, j) => value + fc[j]! / (1 + Math.exp(-fc[j]!)) / 8);
    }
    result.data.set(product(tensors["proj_out.weight"]!, hidden), row * outWidth);
  }
  return result;
}

/** `W x` for W `[N, K]`. */
function product({ shape, data }: Tensor<Float32Array>, x: readonly number[]): number[] {
  return Array.from({ length: shape[0]! }, (_, n) =>
    x.reduce((sum, value, k) => sum + value * data[n * x.length + k]!, 0),
  );
}
