import { noHooks } from "../../graph/build-hooks";
import { Graph } from "../../graph/graph";
import { attention } from "../../graph/layers";
import type { WireTensor } from "../../runtime/protocol";
import type { Runtime } from "../../runtime/runtime";
import { sizeOf } from "../../tensor";
import { anyWeights } from "../../weights/checkpoint/any-weights";
import { onnxModel } from "../onnx";
import { planGraph } from "../plan";
import { layOutWeights } from "../weights-layout";
import type { KernelFacts } from "./profile";

/** Queries, keys and size of a head: enough for the flash kernels, and more keys than a subgroup has threads. */
const sizes = { queries: 48, keys: 160, head: 64 };

/** Largest difference, of the largest value. Kernels that are right are within 1e-5; wrong ones are 6e-2 off and more. */
const tolerance = 1e-3;

const known = new WeakMap<Runtime, Map<string, Promise<KernelFacts>>>();

/** Runs small known cases on a provider, once for each runtime. */
export function kernelFacts(runtime: Runtime, provider: string): Promise<KernelFacts> {
  const byProvider = known.get(runtime) ?? new Map<string, Promise<KernelFacts>>();
  known.set(runtime, byProvider);
  const facts = byProvider.get(provider) ?? probe(runtime, provider);
  byProvider.set(provider, facts);
  return facts;
}

async function probe(runtime: Runtime, provider: string): Promise<KernelFacts> {
  return { fusedAttention: await attentionAgrees(runtime, provider) };
}

async function attentionAgrees(runtime: Runtime, provider: string): Promise<boolean> {
  const { queries, keys, head } = sizes;
  const g = Graph.create("probe", anyWeights, noHooks);
  const [query, key, value] = [
    g.input("query", [1, queries, 2 * head]),
    g.input("key", [1, keys, 2 * head]),
    g.input("value", [1, keys, 2 * head]),
  ];
  g.output("out", attention(g, { query, key, value, heads: 2, kind: "self" }));
  const plan = planGraph(g, []);
  const model = onnxModel("probe", plan.segments[0]!, layOutWeights(g.nodes));
  const inputs = Object.fromEntries(g.inputs.map(({ name, shape }, i) => [name, waves(shape as number[], i)]));
  const expected = only(await runtime.try("cpu", model, inputs));
  const found = await runtime.try(provider, model, inputs).then(
    only,
    () => undefined, // a provider that cannot run it takes the other form
  );
  const largest = expected.reduce((most, x) => Math.max(most, Math.abs(x)), 0);
  return found?.every((x, i) => Math.abs(x - expected[i]!) <= tolerance * largest) ?? false;
}

function only(outputs: Readonly<Record<string, Float32Array>>): Float32Array {
  return Object.values(outputs)[0]!;
}

/** Numbers between -2 and 2 that repeat nowhere. */
function waves(shape: readonly number[], phase: number): WireTensor {
  const length = sizeOf(shape);
  return { dtype: "float32", shape, data: Float32Array.from({ length }, (_, i) => 2 * Math.sin(i * i + phase)) };
}
