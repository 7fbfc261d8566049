import { newGraph } from "@skipstep/contract/graph";
import type { Dim, Graph, Value, WeightSource } from "@skipstep/core/model";

/** A model of one MatMul: `[M, K] x [K, N]`. @param weights of any checkpoint; none of them are read */
export function matmulGraph(weights: WeightSource, [M, K, N]: readonly [number, number, number]): Graph {
  return single(weights, "matmul", [K, N], (g, weight) => g.matmul(g.input("x", [M, K]), weight));
}

/** A model of one 3x3 convolution of `[B, C, H, W]` to as many channels. */
export function convGraph(weights: WeightSource, [B, C, H, W]: readonly [number, number, number, number]): Graph {
  const attributes = { kernel_shape: { ints: [3, 3] }, pads: { ints: [1, 1, 1, 1] } };
  const shape: Dim[] = [B, C, H, W];
  return single(weights, "conv", [C, C, 3, 3], (g, weight) =>
    g.node("Conv", [g.input("x", shape), weight], shape, { attributes }),
  );
}

function single(
  weights: WeightSource,
  name: string,
  shape: readonly number[],
  emit: (g: Graph, weight: Value) => Value,
): Graph {
  const g = newGraph({ component: name, weights });
  const data = new Float32Array(shape.reduce((size, dim) => size * dim, 1)).map((_, i) => Math.sin(i));
  const payload = {
    key: `${name} ${shape}`,
    label: name,
    byteLength: data.byteLength,
    bytes: () => new Uint8Array(data.buffer),
  };
  // Copying all of it out of ONNX Runtime takes up to a tenth of the time, and is no part of a model's step.
  g.output("column", g.slice(emit(g, g.initializer(payload, shape)), -1, 0, 1));
  return g;
}
