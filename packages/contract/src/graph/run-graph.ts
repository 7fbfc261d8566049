import { type Graph, openGraph, type Tensor } from "@skipstep/core/model";
import { testRuntime } from "./test-runtime";

export interface RunGraphOptions {
  /** Gives what its modules returned as well: `layers.0.out0`. */
  readonly taps?: boolean;
}

/**
 * Plans a graph, compiles it, opens it on ONNX Runtime and runs it once, as a pipeline does.
 * @param inputs a tensor for each of its inputs; others are left alone
 * @returns its outputs by name; one that is not of the shape that was inferred while it was built is an error
 */
export async function runGraph(
  graph: Graph,
  inputs: Readonly<Record<string, Tensor>>,
  { taps = false }: RunGraphOptions = {},
): Promise<Record<string, Tensor>> {
  const runtime = await testRuntime();
  const opened = await openGraph(runtime, graph, { taps });
  try {
    return await runtime.pass(async () => {
      const uploaded = graph.inputs.map(({ name }) => [name, runtime.upload(inputs[name]!)] as const);
      const outputs = Object.entries(await opened.run(Object.fromEntries(uploaded)));
      return Object.fromEntries(
        await Promise.all(outputs.map(async ([name, output]) => [name, await output.read()] as const)),
      );
    });
  } finally {
    await opened.close();
  }
}
