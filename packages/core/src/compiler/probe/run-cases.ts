import { noHooks } from "../../graph/build-hooks";
import { Graph } from "../../graph/graph";
import type { Node, Value } from "../../graph/value";
import type { WireTensor } from "../../runtime/protocol";
import type { Runtime } from "../../runtime/runtime";
import type { HalfType } from "../../tensor";
import { anyWeights } from "../../weights/checkpoint/any-weights";
import { HalfWeights } from "../half-weights";
import { lowerPrecision } from "../lower-precision";
import { onnxModel } from "../onnx";
import { planGraph, type Segment } from "../plan";
import { lowerBy } from "../providers/forms";
import { asItIs, type Form, type HalfOperators } from "../providers/profile";
import { layOutInline } from "../weights-layout";
import { CaseValues, type KernelCase } from "./kernel-case";

/** A case, and the form that its operator takes in it. */
export interface Tried {
  readonly op: string;
  readonly case: KernelCase;
  readonly form: Form;
}

/** In what cases are computed, where that is not float32. */
export interface HalfTrial {
  readonly dtype: HalfType;
  readonly operators: HalfOperators;
}

/** What each of a case's outputs is, or why it could not be run. */
export type Outcome = readonly Float32Array[] | string;

/** Runs cases in one model; where that fails, in smaller ones, until it is known which fail. */
export async function runCases(
  runtime: Runtime,
  provider: string,
  tried: readonly Tried[],
  half?: HalfTrial,
): Promise<readonly Outcome[]> {
  if (tried.length === 0) return [];
  const { model, inputs, outputs } = modelOf(tried, half);
  try {
    const results = await runtime.try(provider, model, inputs);
    return outputs.map((values) => values.map(({ name }) => results[name]!));
  } catch (error) {
    if (tried.length === 1) return [error instanceof Error ? error.message : String(error)];
    const middle = Math.ceil(tried.length / 2);
    const parts = [tried.slice(0, middle), tried.slice(middle)];
    const outcomes: Outcome[] = [];
    for (const part of parts) outcomes.push(...(await runCases(runtime, provider, part, half)));
    return outcomes;
  }
}

/** Each case in a scope of its own. */
function modelOf(tried: readonly Tried[], half: HalfTrial | undefined) {
  const g = Graph.create("probe", anyWeights, noHooks);
  const inputs: Record<string, WireTensor> = {};
  const outputs = tried.map(({ case: { emit } }, i) => {
    const values = new CaseValues(g.scope(String(i)), inputs);
    return [emit(values)].flat() as Value[];
  });
  for (const value of outputs.flat()) g.output(value.name, value);
  const [segment] = planGraph(g, []).segments as [Segment];
  const lower = lowerBy((node) => formIn(tried, node));
  const nodes = segment.nodes.flatMap(lower);
  const emitted = half ? inHalf(nodes, segment.outputs, half) : nodes;
  return { inputs, outputs, model: onnxModel("probe", { ...segment, nodes: emitted }, layOutInline(emitted)) };
}

/** What stands around the operator of a case stays as it is. */
function formIn(tried: readonly Tried[], { op, scope }: Node): Form {
  const own = tried[Number(scope)]!;
  return own.op === op ? own.form : asItIs;
}

/** Everything that the provider computes in 16 bits, whatever comes before it. */
function inHalf(nodes: readonly Node[], outputs: readonly Value[], { dtype, operators }: HalfTrial): readonly Node[] {
  const all = Object.fromEntries(Object.keys(operators).map((operator) => [operator, "computes" as const]));
  const precision = { dtype, float32: [], operatorsOf: () => all };
  return lowerPrecision(nodes, outputs, precision, all, new HalfWeights(dtype));
}
