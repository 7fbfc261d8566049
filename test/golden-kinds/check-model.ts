import { join } from "node:path";
import { expectClose, readSafetensors, runGraph } from "@skipstep/contract/graph";
import type { Graph, Tensor } from "@skipstep/core/model";

/** A golden file's tensors: `in.*` goes in, `out.*` must come out, `tap.<module>.out<i>` is what that module returned. */
export type Io = ReadonlyMap<string, Tensor>;

export function ioOf(folder: string): Io {
  return readSafetensors(join(folder, "io.safetensors"));
}

/**
 * Runs a graph and compares what its modules returned, in running order, then what it returned itself: a wrong model
 * fails at the first module that differs, by name.
 *
 * @param expected the graph's outputs by name
 * @param meaningful takes out of a module's output what has no meaning, such as masked rows; applied to both sides
 */
export async function checkModel(
  graph: Graph,
  io: Io,
  inputs: Readonly<Record<string, Tensor>>,
  expected: Readonly<Record<string, Tensor>>,
  meaningful: (tensor: Tensor, name: string) => Tensor = (tensor) => tensor,
  tolerance?: number,
): Promise<void> {
  const found = await runGraph(graph, inputs, { taps: true });
  const unknown = [...io.keys()].filter((key) => key.startsWith("tap.") && !key.includes("#") && !found[key.slice(4)]);
  if (unknown.length > 0) throw new Error(`the graph has no tap for ${unknown.join(", ")}`);
  for (const name of graph.taps.keys()) {
    const reference = io.get(`tap.${name}`);
    if (reference) expectClose(`tap ${name}`, meaningful(found[name]!, name), meaningful(reference, name), tolerance);
  }
  for (const [name, tensor] of Object.entries(expected)) expectClose(name, found[name]!, tensor, tolerance);
}
