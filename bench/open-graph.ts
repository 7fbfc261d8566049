import { compile } from "../packages/core/src/compiler/compile";
import { planGraph } from "../packages/core/src/compiler/plan";
import { formsOn } from "../packages/core/src/compiler/providers/forms";
import { evaluate, type Sizes } from "../packages/core/src/graph/dim";
import type { Graph } from "../packages/core/src/graph/graph";
import type { Tensors } from "../packages/core/src/hooks";
import { Program } from "../packages/core/src/program/program";
import type { Engine } from "../packages/core/src/runtime/engine";
import { floats, sizeOf, type Tensor } from "../packages/core/src/tensor";

/** Compiles a graph without plugins and opens it. @param identity `WeightSource.identity` of its weights */
export async function openGraph(engine: Engine, graph: Graph, identity: string, cacheDir: string): Promise<Program> {
  const { component } = graph;
  const plan = planGraph(graph, []);
  const about = { component, className: component, source: "bench", plugins: [] };
  const convolutionBlock = engine.provider === "cpu" ? await engine.convolutionBlock() : undefined;
  const forms = { convolutionBlock, formsOf: await formsOn(engine, [undefined]) };
  const request = { graph, plan, identity, cacheDir, ...forms, ...about };
  return Program.open(engine, graph, plan, await compile(request));
}

/** Made-up inputs of a graph, kept with the engine: floats between -1 and 1, masks that hide nothing. */
export function someInputs(engine: Engine, graph: Graph, sizes: Sizes): Tensors {
  return Object.fromEntries(
    graph.inputs.map(({ name, dtype, shape }) => {
      const dims = shape.map((dim) => evaluate(dim, sizes));
      return [name, engine.upload(filled(dtype, dims), { keep: true })];
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
