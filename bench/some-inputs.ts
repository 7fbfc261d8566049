import { evaluate, floats, type Graph, type Runtime, type Sizes, sizeOf, type Tensor } from "@skipstep/core/model";
import type { Tensors } from "@skipstep/core/plugin";

/** Made-up inputs of a graph, kept with the runtime: floats between -1 and 1, masks that hide nothing. */
export function someInputs(runtime: Runtime, graph: Graph, sizes: Sizes): Tensors {
  return Object.fromEntries(
    graph.inputs.map(({ name, dtype, shape }) => {
      const dims = shape.map((dim) => evaluate(dim, sizes));
      return [name, runtime.upload(filled(dtype, dims), { keep: true })];
    }),
  );
}

function filled(dtype: Tensor["dtype"], shape: readonly number[]): Tensor {
  if (dtype === "bool") return { dtype, shape, data: new Uint8Array(sizeOf(shape)) };
  if (dtype === "int32") return { dtype, shape, data: new Int32Array(sizeOf(shape)).fill(1) };
  if (dtype === "int64") return { dtype, shape, data: new BigInt64Array(sizeOf(shape)).fill(1n) };
  const tensor = floats(shape);
  for (let i = 0; i < tensor.data.length; i++) tensor.data[i] = Math.sin(i);
  return tensor;
}
