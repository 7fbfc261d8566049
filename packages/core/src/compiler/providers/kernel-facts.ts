import { noHooks } from "../../graph/build-hooks";
import { Graph } from "../../graph/graph";
import { attention } from "../../graph/layers";
import type { WireTensor } from "../../runtime/protocol";
import type { Runtime } from "../../runtime/runtime";
import { sizeOf } from "../../tensor";
import { anyWeights } from "../../weights/checkpoint/any-weights";
import { HalfWeights } from "../half-weights";
import { lowerPrecision } from "../lower-precision";
import { onnxModel } from "../onnx";
import { planGraph, type Segment } from "../plan";
import { layOutWeights } from "../weights-layout";
import { halfOperators } from "./half-operators";
import type { KernelFacts } from "./profile";

/** Queries, keys and size of a head: enough for the flash kernels, and more keys than a subgroup has threads. */
const sizes = { queries: 48, keys: 160, head: 64 };

/** Largest difference, of the largest value. Kernels that are right are within 1e-5; wrong ones are 6e-2 off and more. */
const tolerance = 1e-3;

/** Runs small known cases on a provider, once for each runtime. */
export const kernelFacts = once(async (runtime, provider): Promise<KernelFacts> => {
  return { fusedAttention: await attentionAgrees(runtime, provider) };
});

/** What keeps a provider from computing in float16 here; `undefined` where a small case comes out right. */
export const halfProblem = once(async (runtime, provider): Promise<string | undefined> => {
  const { model, inputs, expected } = await halfProduct(runtime);
  try {
    const found = only(await runtime.try(provider, model, inputs));
    return isNear(found, expected, halfTolerance) ? undefined : "its product of two small matrices is wrong";
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
});

/** Largest difference of a product of 64 terms in float16, of the largest value. */
const halfTolerance = 1e-2;

/** Remembers what was found out, for each runtime and provider. */
function once<Fact>(probe: (runtime: Runtime, provider: string) => Promise<Fact>): typeof probe {
  const known = new WeakMap<Runtime, Map<string, Promise<Fact>>>();
  return (runtime, provider) => {
    const byProvider = known.get(runtime) ?? new Map<string, Promise<Fact>>();
    known.set(runtime, byProvider);
    const fact = byProvider.get(provider) ?? probe(runtime, provider);
    byProvider.set(provider, fact);
    return fact;
  };
}

async function halfProduct(runtime: Runtime) {
  const g = Graph.create("probe", anyWeights, noHooks);
  const [a, b] = [g.input("a", [32, 64]), g.input("b", [64, 48])];
  g.output("out", g.gelu(g.matmul(a, b)));
  const [segment] = planGraph(g, []).segments as [Segment];
  const halves = new HalfWeights("float16");
  const precision = { dtype: "float16", float32: [], operatorsOf: () => halfOperators } as const;
  const nodes = lowerPrecision(segment.nodes, segment.outputs, precision, halfOperators, halves);
  const inputs = Object.fromEntries(g.inputs.map(({ name, shape }, i) => [name, waves(shape as number[], i)]));
  const modelOf = (emitted: typeof nodes | typeof g.nodes): Uint8Array =>
    onnxModel("probe", { ...segment, nodes: emitted }, layOutWeights(emitted));
  return { inputs, model: modelOf(nodes), expected: only(await runtime.try("cpu", modelOf(g.nodes), inputs)) };
}

function isNear(found: Float32Array, expected: Float32Array, tolerance: number): boolean {
  const largest = expected.reduce((most, x) => Math.max(most, Math.abs(x)), 0);
  return found.every((x, i) => Math.abs(x - expected[i]!) <= tolerance * largest);
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
  return found ? isNear(found, expected, tolerance) : false;
}

function only(outputs: Readonly<Record<string, Float32Array>>): Float32Array {
  return Object.values(outputs)[0]!;
}

/** Numbers between -2 and 2 that repeat nowhere. */
function waves(shape: readonly number[], phase: number): WireTensor {
  const length = sizeOf(shape);
  return { dtype: "float32", shape, data: Float32Array.from({ length }, (_, i) => 2 * Math.sin(i * i + phase)) };
}
