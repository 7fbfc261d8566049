import { type CompileRequest, compile } from "../compiler/compile";
import { removeEngine } from "../compiler/engine-folder";
import { type Part, type Plan, planGraph, type Segment } from "../compiler/plan";
import { halfNotFinite } from "../errors/dtype";
import { SkipstepError } from "../errors/error";
import { numbersPayload } from "../graph/payload";
import type { Node, Value } from "../graph/value";
import type { Tensors } from "../hooks";
import { isFinitePass, Program } from "../program/program";
import type { Runtime } from "../runtime/runtime";

/**
 * Runs a model again on inputs that it gave NaN or infinity for, with a sum over each value that a node gives, and finds
 * the first node whose values are not finite.
 * @returns `undefined` where the inputs are not finite themselves, or nothing is found: it came from elsewhere
 */
export async function explainNonFinite(
  runtime: Runtime,
  request: CompileRequest,
  inputs: Tensors,
): Promise<Error | undefined> {
  const { component, precision } = request;
  if (!(await isFinitePass(inputs))) return undefined;
  try {
    const node = await firstNonFinite(runtime, request, inputs);
    return node && halfNotFinite(component, precision!.dtype, node);
  } catch (error) {
    // Where the engine's weights are gone from the cache, or the disk is full.
    if (error instanceof SkipstepError) return halfNotFinite(component, precision!.dtype, undefined);
    throw error;
  }
}

async function firstNonFinite(
  runtime: Runtime,
  { formsOf, ...request }: CompileRequest,
  inputs: Tensors,
): Promise<Node | undefined> {
  const { graph } = request;
  const nodes = new Map<string, Node>();
  const plan = withChecks(planGraph(graph, []), nodes);
  const compiled = await compile({ ...request, plan, formsOf: formsOf && (() => formsOf(0)) });
  try {
    const program = await Program.open(runtime, graph, plan, compiled);
    try {
      const sums = new Map<string, number>();
      const observe = async (observed: Tensors): Promise<void> => {
        for (const [name, tensor] of Object.entries(observed)) sums.set(name, Number((await tensor.read()).data[0]));
      };
      await program.run(inputs, { observe });
      return [...nodes].find(([name]) => !Number.isFinite(sums.get(name) ?? 0))?.[1];
    } finally {
      await program.close();
    }
  } finally {
    removeEngine(compiled.folder);
  }
}

/** @param found is told the node of each check, by the check's name, in running order */
function withChecks(plan: Plan, found: Map<string, Node>): Plan {
  const observed: Value[] = [];
  const checkedOf = new Map<Segment, Segment>();
  for (const segment of plan.segments) {
    const checks = segment.nodes.flatMap((node) => checksOf(node, found));
    const sums = checks.filter(({ op }) => op === "ReduceSum").map(({ outputs }) => outputs[0]!);
    observed.push(...sums);
    checkedOf.set(segment, {
      ...segment,
      nodes: [...segment.nodes, ...checks],
      outputs: [...segment.outputs, ...sums],
    });
  }
  const partOf = (part: Part): Part =>
    part.kind === "segment" ? { kind: "segment", segment: checkedOf.get(part.segment)! } : part;
  return {
    ...plan,
    parts: plan.parts.map(partOf),
    ...(plan.time ? { time: { ...plan.time, segment: checkedOf.get(plan.time.segment)! } } : {}),
    ...(plan.prompt ? { prompt: checkedOf.get(plan.prompt)! } : {}),
    segments: plan.segments.map((segment) => checkedOf.get(segment)!),
    observed: [...plan.observed, ...observed.map((value) => ({ name: value.name, value }))],
  };
}

/** The sum of all elements times 0, which is 0 where all of them are finite. */
function checksOf(node: Node, found: Map<string, Node>): Node[] {
  return node.outputs
    .filter(({ dtype }) => dtype === "float32")
    .flatMap((output) => {
      const name = `${output.name}/finite`;
      found.set(name, node);
      const made = { dtype: "float32", origin: { kind: "node" } } as const;
      const product: Value = { ...made, name: `${name}/product`, shape: output.shape };
      const sum: Value = { ...made, name, shape: [] };
      const { scope } = node;
      return [
        { op: "Mul", domain: "", inputs: [output, zero], outputs: [product], attributes: {}, scope } as const,
        {
          op: "ReduceSum",
          domain: "",
          inputs: [product],
          outputs: [sum],
          attributes: { keepdims: { int: 0 } },
          scope,
        } as const,
      ];
    });
}

const zero: Value = {
  name: "zero",
  dtype: "float32",
  shape: [],
  origin: { kind: "initializer", payload: numbersPayload([0], "float32") },
};
